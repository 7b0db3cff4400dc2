using System.Security.Cryptography;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Tests.Support;

/// <summary>What lies in a store, seen without the program.</summary>
internal static class StoreContent
{
    private const long MostBytes = 64 << 20;

    /// <summary>The keys that begin with a prefix.</summary>
    public static async Task<IReadOnlyList<string>> KeysAsync(this TestStore store, string prefix)
    {
        await using IObjectStore objects = await store.OpenAsync();
        return await objects.KeysAsync(prefix);
    }

    /// <summary>The keys that begin with a prefix.</summary>
    public static async Task<IReadOnlyList<string>> KeysAsync(this IObjectStore objects, string prefix)
    {
        var keys = new List<string>();
        await foreach (StoredObject found in objects.ListAsync(prefix, CancellationToken.None))
            keys.Add(found.Key);
        return keys;
    }

    /// <summary>Waits until the store holds a pack, or a program has ended.</summary>
    public static async Task AwaitFirstPackAsync(this TestStore store, EngineProgram publisher)
    {
        await using IObjectStore objects = await store.OpenAsync();
        while (!publisher.HasEnded && (await objects.KeysAsync("packs/")).Count == 0)
            await Task.Delay(TimeSpan.FromMilliseconds(10));
    }

    /// <summary>Fails when a pack or an index does not have the content that its name promises.</summary>
    public static async Task AssertNothingTornAsync(this TestStore store)
    {
        await using IObjectStore objects = await store.OpenAsync();
        foreach (string prefix in new[] { "packs/", "indexes/" })
        {
            foreach (string key in await objects.KeysAsync(prefix))
            {
                byte[] content = await objects.ReadAllAsync(key, MostBytes, CancellationToken.None);
                Assert.EndsWith("/" + Convert.ToHexStringLower(SHA256.HashData(content)), key, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>Changes an object in place.</summary>
    /// <returns>What it was before.</returns>
    public static async Task<byte[]> DamageAsync(this TestStore store, string key, Action<byte[]> damage)
    {
        await using IObjectStore objects = await store.OpenAsync();
        byte[] before = await objects.ReadAllAsync(key, MostBytes, CancellationToken.None);
        byte[] after = [.. before];
        damage(after);
        await objects.PutAsync(key, after, PutMode.Replace, CancellationToken.None);
        return before;
    }

    /// <summary>Puts an object back.</summary>
    public static async Task RestoreAsync(this TestStore store, string key, byte[] content)
    {
        await using IObjectStore objects = await store.OpenAsync();
        await objects.PutAsync(key, content, PutMode.Replace, CancellationToken.None);
    }

    /// <summary>Removes all objects that begin with a prefix.</summary>
    public static async Task DeleteAsync(this TestStore store, string prefix)
    {
        await using IObjectStore objects = await store.OpenAsync();
        foreach (string key in await objects.KeysAsync(prefix))
            await objects.DeleteAsync(key, CancellationToken.None);
    }
}
