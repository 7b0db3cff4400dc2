using ImageFabric.Store.Compare;
using ImageFabric.Store.Format;
using ImageFabric.Store.Tests.Format;

namespace ImageFabric.Store.Tests.Compare;

public sealed class MissingChunksTests
{
    [Theory]
    [InlineData(1_000_000)]
    [InlineData(7)]
    [InlineData(1)]
    public void What_the_other_does_not_have_is_missing_in_however_many_passes(int atOnce)
    {
        ChunkRows image = ChunkList.Of(Enumerable.Range(0, 50).Select(n => Chunk(n, n % 20)));
        ChunkRows other = ChunkList.Of(Enumerable.Range(0, 30).Select(n => Chunk(n, n * 3)));
        bool[] expected = [.. Enumerable.Range(0, 50).Select(n => n % 20 % 3 != 0)];
        Assert.Equal(expected, MissingChunks.Of(image, other, atOnce));
        Assert.All(MissingChunks.Of(image, image, atOnce), Assert.False);
        Assert.All(MissingChunks.Of(image, ChunkList.Of([]), atOnce), Assert.True);
    }

    private static IndexedChunk Chunk(int place, int content) => new(place * 4096L, 4096, ChunkDigest.Of([(byte)content]), 0, 0);
}
