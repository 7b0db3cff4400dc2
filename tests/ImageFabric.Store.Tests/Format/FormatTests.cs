using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Tests.Publish;

namespace ImageFabric.Store.Tests.Format;

public sealed class FormatTests
{
    [Theory]
    [InlineData("ubuntu", "ubuntu", null)]
    [InlineData("ubuntu-server:24.04.3", "ubuntu-server", "24.04.3")]
    [InlineData("a:latest", "a", null)]
    public void An_image_is_named_with_or_without_a_version(string text, string name, string? version)
    {
        Assert.True(ImageReference.TryParse(text, out ImageReference? image));
        Assert.Equal(new ImageReference(name, version), image);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":1")]
    [InlineData("a:")]
    [InlineData("a:b:c")]
    [InlineData("../a:1")]
    [InlineData("a/b:1")]
    [InlineData(".a:1")]
    [InlineData("a:1\n")]
    [InlineData("ä:1")]
    public void What_could_be_no_key_of_a_store_names_no_image(string text) => Assert.False(ImageReference.TryParse(text, out _));

    [Fact]
    public void A_key_of_a_manifest_gives_its_image_back()
    {
        Assert.Equal(new ImageReference("a", "1.2"), ObjectKeys.ImageOf(ObjectKeys.Manifest("a", "1.2")));
        Assert.Null(ObjectKeys.ImageOf("images/a/1.2.txt"));
        Assert.Null(ObjectKeys.ImageOf("images/a/b/1.json"));
        Assert.Null(ObjectKeys.ImageOf("packs/a/1.json"));
    }

    [Fact]
    public void Numbers_survive_being_written()
    {
        long[] numbers = [0, 1, 127, 128, 16_383, 16_384, int.MaxValue, 1L << 45, long.MaxValue >> 1];
        var writer = new ByteWriter();
        foreach (long number in numbers)
        {
            writer.Varint(number);
            writer.SignedVarint(number / 2);
            writer.SignedVarint(-number / 2);
        }

        var reader = new ByteReader(writer.Written.Span);
        foreach (long number in numbers)
        {
            Assert.Equal(number, reader.Varint());
            Assert.Equal(number / 2, reader.SignedVarint());
            Assert.Equal(-number / 2, reader.SignedVarint());
        }

        Assert.Equal(0, reader.Remaining);
    }

    /// <summary>Frozen: another implementation, or this one on another processor, must find the same cuts.</summary>
    [Fact]
    public void The_hash_of_a_block_is_the_one_of_the_format()
    {
        byte[] block = [.. Enumerable.Range(0, 4096).Select(i => (byte)i)];
        Assert.Equal(Reference(block), BlockHash.Compute(block));
        Assert.Equal(Reference("123456789"u8), BlockHash.Compute("123456789"u8));
        // RFC 3720, B.4: the CRC-32C of 32 zero bytes is 8a9136aa; the mixing is MurmurHash3's.
        Assert.Equal(Mix(0x8a9136aa), BlockHash.Compute(new byte[32]));
    }

    [Fact]
    public async Task The_worked_example_of_the_documentation_holds()
    {
        byte[] content = [.. Enumerable.Range(0, 20_000).Select(i => i is >= 4096 and < 8192 ? (byte)0 : (byte)(i % 251))];
        string page = File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "design", "store-format.md"));
        using var hasher = new ImageId.Hasher(content.Length);
        await foreach (DiskSegment segment in DiskChunker.ReadAsync(new MemoryDisk(content), ChunkingProfile.Default, CancellationToken.None))
        {
            for (int c = 0; c < segment.Chunks.Count; c++)
            {
                CutChunk cut = segment.Chunks[c];
                Assert.Contains($"| {c} | {cut.Offset} | {cut.Length} | `{segment.Digests[c]}` |", page, StringComparison.Ordinal);
                hasher.Append(cut.Offset, cut.Length, segment.Digests[c]);
            }
        }

        Assert.Contains($"Image id: `{hasher.Finish()}`", page, StringComparison.Ordinal);
        foreach (int block in new[] { 0, 2, 3, 4 })
            Assert.Contains($"`{BlockHash.Compute(content.AsSpan()[(block * 4096)..Math.Min(20_000, (block + 1) * 4096)]):x8}`", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_id_of_an_image_is_the_one_of_the_format()
    {
        ImageIndex index = IndexOf(1_000_000, (0, 4096, 1), (8192, 8192, 2));
        byte[] expected = System.Security.Cryptography.SHA256.HashData([
            .. "IFIMAGE1"u8, .. BitConverter.GetBytes(1_000_000L),
            .. BitConverter.GetBytes(0L), .. BitConverter.GetBytes(4096), .. DigestBytes(1),
            .. BitConverter.GetBytes(8192L), .. BitConverter.GetBytes(8192), .. DigestBytes(2)]);
        Assert.Equal("sha256:" + Convert.ToHexStringLower(expected), index.ImageId.ToString());
    }

    [Fact]
    public void An_index_survives_being_written()
    {
        ImageIndex index = IndexOf(1_000_001, (0, 4096, 1), (4096, 65536, 2), (204800, 4096, 1), (999424, 577, 3));
        byte[] bytes = index.Serialize().ToArray();
        ImageIndex read = Parse(bytes, Key(bytes));
        Assert.Equal(index.ImageId, read.ImageId);
        Assert.Equal(index.VirtualSize, read.VirtualSize);
        Assert.Equal(index.Profile, read.Profile);
        Assert.Equal(index.Chunks.ToArray(), read.Chunks.ToArray());
        Assert.Equal(index.Frames.ToArray(), read.Frames.ToArray());
        Assert.Equal(index.PackKey(0), read.PackKey(0));
    }

    [Fact]
    public void An_index_of_several_sections_survives_being_written()
    {
        (long, int, byte)[] chunks = [.. Enumerable.Range(0, (2 * FormatLimits.SectionRows) + 5).Select(i => (i * 16384L, 4096 * (1 + (i % 3)), (byte)(i % 50)))];
        ImageIndex index = IndexOf(1L << 30, chunks);
        byte[] bytes = index.Serialize().ToArray();
        ImageIndex read = Parse(bytes, Key(bytes));
        Assert.Equal(index.ImageId, read.ImageId);
        Assert.Equal(index.Chunks.ToArray(), read.Chunks.ToArray());
        Assert.Equal(index.Frames.ToArray(), read.Frames.ToArray());
        foreach (int length in new[] { 7, HeadLength, bytes.Length / 2, bytes.Length - 1 })
            Assert.Equal("IndexCorrupt", Assert.Throws<StoreException>(() => Parse(bytes[..length], null)).Id);
        Assert.Equal(index.ImageId, Parse([.. bytes, .. new byte[FormatLimits.LongestSalt]], null).ImageId);
        Assert.Equal("IndexCorrupt", Assert.Throws<StoreException>(() => Parse([.. bytes, .. new byte[FormatLimits.LongestSalt + 1]], null)).Id);
    }

    [Fact]
    public void An_index_of_other_content_than_its_name_is_corrupt()
    {
        byte[] bytes = IndexOf(1_000_000, (0, 4096, 1)).Serialize().ToArray();
        string key = Key(bytes);
        bytes[^1] ^= 1;
        Assert.Equal("IndexCorrupt", Assert.Throws<StoreException>(() => Parse(bytes, key)).Id);
    }

    /// <summary>Whoever can write an index can also name it rightly: its content is held to be hostile.</summary>
    [Fact]
    public void A_mutated_index_is_refused_or_keeps_its_promises()
    {
        var random = new Random(20261123);
        byte[] whole = IndexOf(1_000_001, [.. Enumerable.Range(0, 60).Select(i => (i * 16384L, 4096 * (1 + (i % 3)), (byte)(i % 50)))]).Serialize().ToArray();
        int refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] body = Unpack(whole);
            for (int change = 0; change <= random.Next(4); change++)
                body[random.Next(Math.Min(body.Length, round % 2 == 0 ? 40 : body.Length))] = (byte)random.Next(256);
            if (random.Next(10) == 0)
                body = body[..random.Next(body.Length)];
            byte[] bytes = Pack(body);
            try
            {
                ImageIndex index = Parse(bytes, Key(bytes));
                foreach (IndexedChunk chunk in index.Chunks)
                {
                    Assert.InRange(chunk.Offset + chunk.Length, 1, index.VirtualSize);
                    Assert.InRange(chunk.OffsetInFrame + chunk.Length, 1, index.Frames[chunk.Frame].ContentLength);
                }

                foreach (PackFrame frame in index.Frames)
                    Assert.InRange(frame.Pack, 0, index.PackCount - 1);
            }
            catch (StoreException corrupt)
            {
                Assert.Equal("IndexCorrupt", corrupt.Id);
                refused++;
            }
        }

        Assert.InRange(refused, 1000, 20_000);
    }

    [Fact]
    public void A_manifest_that_contradicts_its_place_is_corrupt()
    {
        Manifest manifest = Sample();
        Assert.Equal(manifest, Manifest.Parse(manifest.Serialize(), "images/a/1.json"));
        foreach ((Manifest bad, string key) in new[]
        {
            (manifest, "images/a/2.json"), (manifest with { ImageId = "sha256:00" }, "images/a/1.json"), (manifest with { IndexSize = 0 }, "images/a/1.json"),
            (manifest with { VirtualSize = -1 }, "images/a/1.json"), (manifest with { Index = "../x" }, "images/a/1.json"),
        })
            Assert.Equal("ManifestCorrupt", Assert.Throws<StoreException>(() => Manifest.Parse(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(bad, FormatJson.Default.Manifest), key)).Id);
        Assert.Equal("ManifestCorrupt", Assert.Throws<StoreException>(() => Manifest.Parse("{}"u8, "images/a/1.json")).Id);
        Assert.Equal("ManifestCorrupt", Assert.Throws<StoreException>(() => Manifest.Parse("null"u8, "images/a/1.json")).Id);
        Assert.Equal("StoreFormatNotSupported", Assert.Throws<StoreException>(() => Manifest.Parse(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(manifest with { Format = 2 }, FormatJson.Default.Manifest), "images/a/1.json")).Id);
    }

    private static string RepositoryRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "ImageFabric.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    private static Manifest Sample() => new()
    {
        Format = 1, Name = "a", Version = "1", ImageId = "sha256:" + new string('a', 64), Index = "indexes/aa/" + new string('a', 64), IndexSize = 10,
        VirtualSize = 512, DataSize = 512, StoredSize = 100, Published = DateTimeOffset.UnixEpoch, SourceFormat = "raw",
    };

    private static ImageIndex Parse(ReadOnlySpan<byte> bytes, string? key)
    {
        using SpooledObject whole = SpooledObject.Of(bytes);
        return ImageIndex.Parse(whole, key);
    }

    private static ImageIndex IndexOf(long size, params (long Offset, int Length, byte Content)[] chunks)
    {
        var frames = new List<PackFrame>();
        var rows = new List<IndexedChunk>();
        int place = 8;
        foreach ((long offset, int length, byte content) in chunks)
        {
            rows.Add(new IndexedChunk(offset, length, new ChunkDigest(DigestBytes(content)), frames.Count, 0));
            if (frames.Count % FramesPerPack == 0)
                place = 8;
            frames.Add(new PackFrame(frames.Count / FramesPerPack, place, length / 2, length, FrameCodec.Zstd));
            place += length / 2;
        }

        byte[][] packs = [.. Enumerable.Range(0, 1 + (frames.Count / FramesPerPack)).Select(p => DigestBytes((byte)(9 + p)))];
        return ImageIndex.Create(size, ChunkingProfile.Default, packs, frames, ChunkList.Of(rows));
    }

    private const int FramesPerPack = 1000;
    private const int HeadLength = 8 + 8 + (6 * 4);

    private static byte[] DigestBytes(byte value) => [.. Enumerable.Repeat(value, 32)];

    private static string Key(byte[] bytes) => ObjectKeys.Index(System.Security.Cryptography.SHA256.HashData(bytes));

    // The head, then each section with its length in front, as a hostile writer sees them.
    private static byte[] Unpack(byte[] index)
    {
        using var zstd = new Disks.Compression.ZstdCodec();
        using var body = new MemoryStream();
        body.Write(index.AsSpan(0, HeadLength));
        for (int at = HeadLength; at < index.Length; at += 8 + BitConverter.ToInt32(index, at + 4))
        {
            byte[] content = new byte[BitConverter.ToInt32(index, at)];
            Assert.Equal(content.Length, zstd.Decompress(index.AsSpan(at + 8, BitConverter.ToInt32(index, at + 4)), content));
            body.Write(BitConverter.GetBytes(content.Length));
            body.Write(content);
        }

        return body.ToArray();
    }

    private static byte[] Pack(byte[] body)
    {
        using var zstd = new Disks.Compression.ZstdCodec();
        using var index = new MemoryStream();
        index.Write(body.AsSpan(0, Math.Min(body.Length, HeadLength)));
        for (int at = HeadLength; at < body.Length - 4;)
        {
            int length = Math.Clamp(BitConverter.ToInt32(body, at), 0, body.Length - at - 4);
            byte[] stored = new byte[Disks.Compression.ZstdCodec.CompressBound(length)];
            int storedLength = zstd.Compress(body.AsSpan(at + 4, length), stored);
            index.Write(body.AsSpan(at, 4));
            index.Write(BitConverter.GetBytes(storedLength));
            index.Write(stored.AsSpan(0, storedLength));
            at += 4 + length;
        }

        return index.ToArray();
    }

    private static uint Reference(ReadOnlySpan<byte> block)
    {
        uint crc = uint.MaxValue;
        foreach (byte next in block)
        {
            crc ^= next;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0x82f63b78 & (uint)-(int)(crc & 1));
        }

        return Mix(~crc);
    }

    private static uint Mix(uint h)
    {
        h = (h ^ (h >> 16)) * 0x85ebca6b;
        h = (h ^ (h >> 13)) * 0xc2b2ae35;
        return h ^ (h >> 16);
    }
}
