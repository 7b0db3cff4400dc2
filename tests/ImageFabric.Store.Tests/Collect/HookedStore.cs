using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Collect;

/// <summary>A store with something happening between what its user does.</summary>
internal sealed class HookedStore(IObjectStore store) : IObjectStore
{
    /// <summary>Happens before an object is replaced.</summary>
    public Func<string, Task> BeforeReplace { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Happens before a listing.</summary>
    public Func<string, Task> BeforeList { get; init; } = static _ => Task.CompletedTask;

    /// <summary>What no listing has.</summary>
    public Func<string, bool> Hides { get; init; } = static _ => false;

    public string Location => store.Location;

    public bool ConditionalWrites => store.ConditionalWrites;

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await BeforeList(prefix);
        await foreach (StoredObject one in store.ListAsync(prefix, cancellationToken))
        {
            if (!Hides(one.Key))
                yield return one;
        }
    }

    public async Task<bool> ReplaceAsync(string key, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        await BeforeReplace(key);
        return await store.ReplaceAsync(key, content, expected, cancellationToken);
    }

    public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken) => store.StatAsync(key, cancellationToken);

    public Task<bool> PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken) => store.PutAsync(key, content, mode, cancellationToken);

    public Task DeleteAsync(string key, CancellationToken cancellationToken) => store.DeleteAsync(key, cancellationToken);

    public Uri Grant(string key, TimeSpan lifetime) => store.Grant(key, lifetime);

    public Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken) => store.ReadAllAsync(key, maximumLength, cancellationToken);

    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken) => store.ReadRangeAsync(key, offset, destination, cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
