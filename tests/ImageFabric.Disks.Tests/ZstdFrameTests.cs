using ImageFabric.Disks.Compression;

namespace ImageFabric.Disks.Tests;

public sealed class ZstdFrameTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(70_000)]
    [InlineData(1_000_000)]
    public void A_frame_is_measured_whatever_follows_it(int contentLength)
    {
        foreach (bool noise in new[] { false, true })
        {
            byte[] content = new byte[contentLength];
            if (noise)
                new Random(contentLength).NextBytes(content);
            byte[] frame = new byte[ZstdCodec.CompressBound(contentLength) + 500];
            using var codec = new ZstdCodec();
            int length = codec.Compress(content, frame);
            Assert.Equal(length, ZstdFrame.Measure(frame));
            Assert.Equal(length, ZstdFrame.Measure(frame.AsSpan(0, length)));
            Assert.Equal(-1, ZstdFrame.Measure(frame.AsSpan(0, length - 1)));
        }
    }

    [Fact]
    public void What_does_not_begin_like_a_frame_is_none()
    {
        Assert.Equal(-1, ZstdFrame.Measure([]));
        Assert.Equal(-1, ZstdFrame.Measure(new byte[100]));
    }
}
