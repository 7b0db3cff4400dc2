using System.Buffers.Binary;
using System.Security.Cryptography;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Deltas;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Deltas;

public sealed class DeltaTableTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly ImageId From = Id(1);
    private static readonly ImageId To = Id(2);

    private readonly string directory = Directory.CreateTempSubdirectory("imagefabric-delta-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task What_was_written_is_read()
    {
        DeltaFrame[] frames =
        [
            new(8, 100, [new(5, 3), new(9, 1)], [new(0, 2)]),
            new(108, 7, [new(2, 1)], [new(1000, 500), new(4, 12)]),
        ];
        DeltaTable table = await ReadAsync(Delta(new DeltaTable(From, To, frames), 107));
        Assert.Equal((From, To), (table.From, table.To));
        Assert.Equal(frames.Select(Text), table.Frames.Select(Text));

        static string Text(DeltaFrame frame) => $"{frame.Offset} {frame.StoredLength} {string.Join(',', frame.Chunks)} {string.Join(',', frame.Prefix)}";
    }

    /// <summary>docs/design/store-format.md, "Delta".</summary>
    [Fact]
    public void It_lies_as_the_page_says()
    {
        byte[] delta = Delta(new DeltaTable(From, To, [new(8, 3, [new(5, 2), new(9, 1)], [new(4, 1)])]), 3);
        Assert.Equal("IFDELTA1"u8, delta.AsSpan(0, 8));
        ReadOnlySpan<byte> trailer = delta.AsSpan(delta.Length - 48);
        Assert.Equal("IFDELTE1"u8, trailer[40..]);
        byte[] table = new byte[BinaryPrimitives.ReadInt32LittleEndian(trailer)];
        int stored = BinaryPrimitives.ReadInt32LittleEndian(trailer[4..]);
        using var zstd = new ZstdCodec();
        Assert.Equal(table.Length, zstd.Decompress(delta.AsSpan(delta.Length - 48 - stored, stored), table));
        Assert.Equal(8 + 3 + stored + 48, delta.Length);
        Assert.Equal(SHA256.HashData(table), trailer.Slice(8, 32));
        byte[] expected = [.. Convert.FromHexString(From.Hex), .. Convert.FromHexString(To.Hex), 1, 3, 2, 10, 2, 4, 1, 1, 8, 1];
        Assert.Equal(expected, table);
    }

    [Fact]
    public async Task What_is_no_delta_is_refused_and_nothing_else_happens()
    {
        byte[] good = Delta(new DeltaTable(From, To, [new(8, 100, [new(5, 3)], [new(0, 2)]), new(108, 7, [new(2, 1)], [new(1000, 500)])]), 107);
        await RefusedAsync([]);
        await RefusedAsync(good[..^1]);
        await RefusedAsync(good[1..]);
        for (int at = 115; at < good.Length; at++)
        {
            byte[] damaged = (byte[])good.Clone();
            damaged[at] ^= 0x11;
            await RefusedAsync(damaged);
        }
    }

    [Fact]
    public async Task A_table_that_cannot_be_is_refused()
    {
        byte[] ids = [.. Convert.FromHexString(From.Hex), .. Convert.FromHexString(To.Hex)];
        await RefusedAsync(Sealed([.. ids, 0xff, 0xff, 0xff, 0xff, 0x0f]));
        await RefusedAsync(Sealed([.. ids, 1, 3, 0, 1, 0, 1]));
        await RefusedAsync(Sealed([.. ids, 1, 0, 1, 0, 1, 1, 0, 1]));
        await RefusedAsync(Sealed([.. ids, 1, 3, 1, 1, 1, 1, 0, 1]));
        await RefusedAsync(Sealed([.. ids, 1, 3, 1, 0, 0x81, 0x04, 1, 0, 1]));
        await RefusedAsync(Sealed([.. ids, 1, 4, 1, 0, 1, 1, 0, 1]));
        await RefusedAsync(Sealed([.. ids, 1, 3, 1, 0, 1, 1, 0, 1, 0]));
        Assert.Single((await ReadAsync(Sealed([.. ids, 1, 3, 1, 0, 1, 1, 0, 1]))).Frames);

        var random = new Random(6);
        for (int i = 0; i < 3_000; i++)
        {
            byte[] content = new byte[random.Next(200)];
            random.NextBytes(content);
            try
            {
                await ReadAsync(Sealed([.. ids, .. content]));
            }
            catch (FormatException)
            {
                // What it is to say of nearly all.
            }
        }

        await RefusedAsync(Sealed(new byte[FormatLimits.LongestDeltaTable]));
        await RefusedAsync(Sealed(new byte[FormatLimits.LongestDeltaTable + 1]));
    }

    private static byte[] Delta(DeltaTable table, int frameBytes) => [.. DeltaTable.Header, .. new byte[frameBytes], .. table.Serialize()];

    // A delta of three bytes of frames, with a table of any content.
    private static byte[] Sealed(byte[] content)
    {
        byte[] stored = new byte[ZstdCodec.CompressBound(content.Length)];
        using var zstd = new ZstdCodec();
        int length = zstd.Compress(content, stored);
        byte[] lengths = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(lengths, content.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths.AsSpan(4), length);
        return [.. DeltaTable.Header, 1, 2, 3, .. stored[..length], .. lengths, .. SHA256.HashData(content), .. "IFDELTE1"u8];
    }

    private async Task RefusedAsync(byte[] delta) => await Assert.ThrowsAsync<FormatException>(() => ReadAsync(delta));

    private async Task<DeltaTable> ReadAsync(byte[] delta)
    {
        await using IObjectStore store = DirectoryObjectStore.Open(directory, create: true);
        string key = ObjectKeys.Delta(From, To);
        await store.PutAsync(key, delta, PutMode.Replace, None);
        return (await DeltaTable.ReadAsync(store, key, delta.Length, None)).Table;
    }

    private static ImageId Id(byte first) => ImageId.FromBytes([first, .. new byte[31]]);
}
