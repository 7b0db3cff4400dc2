using ImageFabric.Engine.Output;

namespace ImageFabric.Engine.Tests.Output;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "0.98 KiB")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(1536, "1.50 KiB")]
    [InlineData(10_235, "10.0 KiB")]
    [InlineData(10_240, "10.0 KiB")]
    [InlineData(102_390, "100 KiB")]
    [InlineData(1_023_000, "999 KiB")]
    [InlineData(1_023_900, "0.98 MiB")]
    [InlineData(20L << 30, "20.0 GiB")]
    [InlineData(1L << 40, "1.00 TiB")]
    [InlineData(long.MaxValue, "8192 PiB")]
    public void A_size_has_three_digits_and_a_unit(long bytes, string text) => Assert.Equal(text, ByteSize.Text(bytes));
}
