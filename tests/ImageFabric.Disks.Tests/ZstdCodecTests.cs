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

    private static byte[] Compressible(int length)
    {
        byte[] content = new byte[length];
        var random = new Random(7);
        for (int i = 0; i < length; i++)
            content[i] = (byte)random.Next(4);
        return content;
    }
}
