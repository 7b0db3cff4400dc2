using System.Security.Cryptography;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Images in the testbed's store, published once for all tests of a collection; each when it is first needed.</summary>
public sealed class PublishedImages : IDisposable
{
    private const int Mebi = 1 << 20;

    private readonly Scratch scratch = new();
    private readonly Lazy<Task<PublishedImage>> first;
    private readonly Lazy<Task<PublishedImage>> second;
    private readonly Lazy<Task<PublishedImage>> large;

    public PublishedImages()
    {
        Store = TestStore.InBucket();
        first = new(() => PublishAsync(Testbed.FirstImage, Path.ChangeExtension(Testbed.FirstImage, ".raw"), "tiny", "1"));
        second = new(async () =>
        {
            await First;
            return await PublishAsync(Testbed.SecondImage, Path.ChangeExtension(Testbed.SecondImage, ".raw"), "tiny", "2");
        });
        large = new(() =>
        {
            string raw = SampleDisk.MakeDense(scratch["large.raw"], 64 * Mebi, 64 * Mebi);
            return PublishAsync(raw, raw, "large", "1");
        });
    }

    internal TestStore Store { get; }

    /// <summary><c>tiny:1</c>: boots; about 15 MB in the store.</summary>
    internal Task<PublishedImage> First => first.Value;

    /// <summary><c>tiny:2</c>: as the first, except for about 350 KB.</summary>
    internal Task<PublishedImage> Second => second.Value;

    /// <summary><c>large:1</c>: 64 MiB that do not compress.</summary>
    internal Task<PublishedImage> Large => large.Value;

    public void Dispose() => scratch.Dispose();

    private async Task<PublishedImage> PublishAsync(string file, string raw, string name, string version)
    {
        PublishResult published = (await Store.RunAsync("publish", file, "--name", name, "--version", version)).Result<PublishResult>();
        await using FileStream content = File.OpenRead(raw);
        return new PublishedImage($"{name}:{version}", published, Convert.ToHexStringLower(await SHA256.HashDataAsync(content)));
    }
}

/// <summary>An image in the store.</summary>
/// <param name="Name"><c>NAME:VERSION</c>.</param>
/// <param name="Published">What publishing it came to.</param>
/// <param name="Digest">SHA-256 of the disk as a raw file.</param>
internal sealed record PublishedImage(string Name, PublishResult Published, string Digest);
