using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Tests.Format;

namespace ImageFabric.Store.Tests.Publish;

public sealed class IndexDraftTests
{
    /// <summary>From about 3 GB of data on, rows wait in a temporary file, and from about 2 GB on, most of the object does.</summary>
    [Fact]
    public void An_index_is_the_same_whether_its_rows_fit_into_memory_or_not()
    {
        const int Rows = (20 * FormatLimits.SectionRows) + 7;
        const int FrameLength = 8 * 16384;
        const long Size = Rows * 16384L;
        var packs = new List<byte[]> { Bytes(1), Bytes(2) };
        var frames = new List<PackFrame>();
        for (int f = 0; f <= Rows / 8; f++)
            frames.Add(new PackFrame(f % 2, 8 + (f / 2 * 1000), 1000, FrameLength, FrameCodec.Zstd));
        IndexedChunk[] rows = [.. Enumerable.Range(0, Rows).Select(i => new IndexedChunk(i * 16384L, 16384, ChunkDigest.Of(BitConverter.GetBytes(i)), i / 8, i % 8 * 16384))];

        using var draft = new IndexDraft(ChunkingProfile.Default);
        foreach (IndexedChunk row in rows)
            draft.Add(row);
        using FinishedIndex finished = draft.Finish(Size, packs, frames);
        ImageIndex whole = ImageIndex.Create(Size, ChunkingProfile.Default, packs, frames, ChunkList.Of(rows));
        Assert.True(finished.Object.Length > SpooledObject.InMemory);
        Assert.Equal(whole.Serialize().ToArray(), finished.Object.ToArray());
        Assert.Equal(whole.ImageId, finished.ImageId);
        Assert.Equal((whole.DataSize, whole.StoredSize), (finished.DataSize, finished.StoredSize));
        Assert.Equal(Enumerable.Range(0, whole.PackCount).Select(whole.PackKey), finished.PackKeys);

        ImageIndex read = ImageIndex.Parse(finished.Object, finished.Key);
        Assert.Equal(rows, read.Chunks.ToArray().Select(chunk => chunk with { Frame = rows[(int)(chunk.Offset / 16384)].Frame }));
        foreach (int row in new[] { 0, (8 * FormatLimits.SectionRows) - 1, 8 * FormatLimits.SectionRows, (12 * FormatLimits.SectionRows) + 5, Rows - 8, Rows - 1 })
            Assert.Equal(rows[row].Digest, read.Chunks[row].Digest);
        Assert.Throws<ArgumentOutOfRangeException>(() => read.Chunks[Rows]);
        Assert.Throws<ArgumentOutOfRangeException>(() => read.Chunks[-1]);

        string before = finished.Key;
        finished.Rename([1, 2, 3]);
        Assert.NotEqual(before, finished.Key);
        Assert.Equal(whole.ImageId, ImageIndex.Parse(finished.Object, finished.Key).ImageId);
    }

    private static byte[] Bytes(byte value) => [.. Enumerable.Repeat(value, 32)];
}
