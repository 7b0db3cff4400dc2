using ImageFabric.Disks.Compression;

namespace ImageFabric.Disks.Tests;

public sealed class ZstdCodecTests
{
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void What_either_implementation_writes_the_other_reads(bool managedWriter, bool managedReader)
    {
        using var writer = new ZstdCodec(forceManaged: managedWriter);
        using var reader = new ZstdCodec(forceManaged: managedReader);
        byte[] content = Compressible(300_000);
        byte[] frame = new byte[ZstdCodec.CompressBound(content.Length)];
        int length = writer.Compress(content, frame);
        Assert.InRange(length, 1, content.Length / 2);

        byte[] back = new byte[content.Length];
        Assert.Equal(content.Length, reader.Decompress(frame.AsSpan(0, length), back));
        Assert.Equal(content, back);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frame_that_is_damaged_or_too_big_is_reported_and_writes_nothing_beyond(bool managed)
    {
        using var codec = new ZstdCodec(forceManaged: managed);
        byte[] content = Compressible(10_000);
        byte[] frame = new byte[ZstdCodec.CompressBound(content.Length)];
        int length = codec.Compress(content, frame);

        Assert.Equal(-1, codec.Decompress(frame.AsSpan(0, length), new byte[content.Length - 1]));
        Assert.Equal(-1, codec.Decompress(frame.AsSpan(0, length / 2), new byte[content.Length]));
        frame[0] ^= 1;
        Assert.Equal(-1, codec.Decompress(frame.AsSpan(0, length), new byte[content.Length]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frame_that_does_not_fit_is_reported(bool managed)
    {
        using var codec = new ZstdCodec(forceManaged: managed);
        byte[] noise = new byte[10_000];
        new Random(1).NextBytes(noise);
        Assert.Equal(-1, codec.Compress(noise, new byte[noise.Length - 100]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tuned_codec_finds_what_its_tables_have_room_for(bool managed)
    {
        // Noise twice: a table of 64 places has forgotten it when it comes again.
        byte[] lines = new byte[2 * 64_000];
        new Random(2).NextBytes(lines.AsSpan(0, 64_000));
        lines.AsSpan(0, 64_000).CopyTo(lines.AsSpan(64_000));

        int wide = Length(new ZstdTuning(1, 17, 17, 5), lines, managed);
        int narrow = Length(new ZstdTuning(1, 6, 6, 5), lines, managed);
        Assert.InRange(wide, 64_000, 66_000);
        Assert.InRange(narrow, 66_001, lines.Length + 100);
    }

    private static int Length(ZstdTuning tuning, byte[] content, bool managed)
    {
        using var writer = new ZstdCodec(level: 2, managed, tuning);
        using var reader = new ZstdCodec();
        byte[] frame = new byte[ZstdCodec.CompressBound(content.Length)];
        int length = writer.Compress(content, frame);
        byte[] back = new byte[content.Length];
        Assert.Equal(content.Length, reader.Decompress(frame.AsSpan(0, length), back));
        Assert.Equal(content, back);
        return length;
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void What_refers_to_a_prefix_is_short_and_read_with_that_prefix_alone(bool managedWriter, bool managedReader)
    {
        using var writer = new ZstdCodec(forceManaged: managedWriter);
        using var reader = new ZstdCodec(forceManaged: managedReader);
        byte[] prefix = new byte[1_000_000];
        new Random(3).NextBytes(prefix);
        byte[] content = [.. prefix.AsSpan(700_001, 100_000), 1, 2, 3, .. prefix.AsSpan(13, 100_000)];
        byte[] frame = new byte[ZstdCodec.CompressBound(content.Length)];

        // One that does not fit leaves nothing behind in the codec.
        Assert.Equal(-1, writer.Compress(content, prefix, new byte[10]));
        int length = writer.Compress(content, prefix, frame);
        Assert.InRange(length, 1, 1_000);

        byte[] back = new byte[content.Length];
        prefix[50_000] ^= 1;
        Assert.False(reader.Decompress(frame.AsSpan(0, length), prefix, back) == content.Length && content.AsSpan().SequenceEqual(back));
        Assert.Equal(-1, reader.Decompress(frame.AsSpan(0, length / 2), prefix, back));
        prefix[50_000] ^= 1;
        Assert.Equal(content.Length, reader.Decompress(frame.AsSpan(0, length), prefix, back));
        Assert.Equal(content, back);

        // A prefix is for one frame: what follows is as ever.
        byte[] plain = Compressible(10_000);
        length = writer.Compress(plain, frame);
        Assert.Equal(plain.Length, reader.Decompress(frame.AsSpan(0, length), back));
        Assert.Equal(plain, back[..plain.Length]);
    }

    [Fact]
    public void What_is_out_of_reach_of_a_prefix_is_refused()
    {
        using var codec = new ZstdCodec();
        Assert.Throws<ArgumentOutOfRangeException>(() => codec.Compress(new byte[1], new byte[ZstdCodec.LongestWithPrefix], new byte[100]));
    }

    private static byte[] Compressible(int length)
    {
        byte[] content = new byte[length];
        var random = new Random(7);
        for (int i = 0; i < length; i++)
            content[i] = (byte)random.Next(4);
        return content;
    }
}
