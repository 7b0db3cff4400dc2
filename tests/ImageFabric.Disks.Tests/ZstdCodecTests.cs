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

    private static byte[] Compressible(int length)
    {
        byte[] content = new byte[length];
        var random = new Random(7);
        for (int i = 0; i < length; i++)
            content[i] = (byte)random.Next(4);
        return content;
    }
}
