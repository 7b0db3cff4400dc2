using System.Security.Cryptography;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Tests.Format;

namespace ImageFabric.Store.Tests.Objects;

public sealed class SpooledObjectTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly DirectoryInfo scratch = Directory.CreateTempSubdirectory("imagefabric-spool-");

    public void Dispose() => scratch.Delete(recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(SpooledObject.InMemory)]
    [InlineData(SpooledObject.InMemory + 1)]
    [InlineData((2 * SpooledObject.InMemory) + 12345)]
    public async Task An_object_is_what_was_added_to_it_wherever_it_lies(int length)
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(length);
        using var spooled = new SpooledObject();
        for (int at = 0; at < length; at += 700_001)
            spooled.Append(bytes.AsSpan(at, Math.Min(700_001, length - at)));

        Assert.Equal(length, spooled.Length);
        Assert.Equal(SHA256.HashData(bytes), spooled.Digest());
        Assert.Equal(bytes, spooled.ToArray());
        using var copy = new MemoryStream();
        await spooled.OpenRead().CopyToAsync(copy);
        Assert.Equal(bytes, copy.ToArray());
        byte[] part = new byte[Math.Min(10, length)];
        spooled.Read(part, length - part.Length);
        Assert.Equal(bytes[^part.Length..], part);
        Assert.Throws<ArgumentOutOfRangeException>(() => spooled.Read(new byte[1], length));
    }

    [Fact]
    public async Task A_store_takes_and_gives_one_that_does_not_fit_into_memory()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(Path.Combine(scratch.FullName, "store"), create: true);
        using SpooledObject sent = SpooledObject.Of(RandomNumberGenerator.GetBytes(SpooledObject.InMemory + 3_000_001));
        string key = ObjectKeys.Index(sent.Digest());
        await store.PutSpooledAsync(key, sent, None);

        using SpooledObject read = await SpooledObject.ReadAsync(store, key, sent.Length, None);
        Assert.Equal(sent.Digest(), read.Digest());
        StoreException shorter = await Assert.ThrowsAsync<StoreException>(() => SpooledObject.ReadAsync(store, key, sent.Length + 1, None));
        Assert.Equal("ObjectMissing", shorter.Id);
    }
}
