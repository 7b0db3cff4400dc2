using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Tests.Publish;

public sealed class KnownChunksTests
{
    [Fact]
    public void Every_chunk_is_found_again_and_no_other()
    {
        const int Count = 100_000;
        var known = new KnownChunks(long.MaxValue);
        for (int i = 0; i < Count; i++)
            known.Add(Digest(i), i / 7, i % 7 * 4096);
        for (int i = 0; i < Count; i++)
        {
            Assert.True(known.TryFind(Digest(i), out int frame, out int offset));
            Assert.Equal((i / 7, i % 7 * 4096), (frame, offset));
            Assert.False(known.TryFind(Digest(Count + i), out _, out _));
        }
    }

    [Fact]
    public void The_first_place_of_a_chunk_stays()
    {
        var known = new KnownChunks(long.MaxValue);
        known.Add(Digest(1), 1, 0);
        known.Add(Digest(1), 2, 4096);
        Assert.True(known.TryFind(Digest(1), out int frame, out int offset));
        Assert.Equal((1, 0), (frame, offset));
    }

    [Fact]
    public void Beyond_its_budget_it_takes_nothing_in_and_forgets_nothing()
    {
        var known = new KnownChunks(100 * ChunkTable.BytesPerChunk);
        for (int i = 0; i < 1000; i++)
            known.Add(Digest(i), i, 0);
        Assert.True(known.Full);
        Assert.All(Enumerable.Range(0, 100), i => Assert.True(known.TryFind(Digest(i), out _, out _)));
        Assert.All(Enumerable.Range(100, 900), i => Assert.False(known.TryFind(Digest(i), out _, out _)));
    }

    [Fact]
    public async Task A_publish_beyond_its_budget_deduplicates_less_and_is_whole()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory();
        try
        {
            await using IObjectStore store = DirectoryObjectStore.Open(directory.FullName, create: true);
            byte[] content = MemoryDisk.Sample(11);
            PublishOutcome first = await PublishAsync("1", long.MaxValue);
            PublishOutcome known = await PublishAsync("2", long.MaxValue);
            PublishOutcome partly = await PublishAsync("3", 50 * ChunkTable.BytesPerChunk);
            PublishOutcome unknown = await PublishAsync("4", 0);
            Assert.Equal(content.LongLength - Zeros(content), known.BytesReused);
            Assert.InRange(partly.BytesReused, 1, known.BytesReused - 1);
            Assert.Equal(0, unknown.BytesReused);
            Assert.Equal(first.Manifest.ImageId, unknown.Manifest.ImageId);
            await Verify.ImageVerifier.RunAsync(store, partly.Manifest, null, CancellationToken.None);
            await Verify.ImageVerifier.RunAsync(store, unknown.Manifest, null, CancellationToken.None);

            Task<PublishOutcome> PublishAsync(string version, long memory) => ImagePublisher.RunAsync(
                store, new MemoryDisk(content), new PublishOptions(new ImageReference("a", version)) { KnownChunkMemory = memory }, CancellationToken.None);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static long Zeros(byte[] content)
    {
        long zeros = 0;
        for (int at = 0; at < content.Length; at += 4096)
        {
            ReadOnlySpan<byte> block = content.AsSpan(at, Math.Min(4096, content.Length - at));
            zeros += block.ContainsAnyExcept((byte)0) ? 0 : block.Length;
        }

        return zeros;
    }

    private static ChunkDigest Digest(int value) => ChunkDigest.Of(BitConverter.GetBytes(value));
}
