using ImageFabric.Engine.CommandLine;

namespace ImageFabric.Engine.Tests.CommandLine;

public sealed class SizeArgumentTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("4096B", 4096)]
    [InlineData("512k", 512L << 10)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("2G", 2L << 30)]
    [InlineData("1.5GB", 3L << 29)]
    [InlineData("1T", 1L << 40)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void A_size_is_a_number_of_bytes_or_of_powers_of_1024(string text, long bytes)
    {
        Assert.True(SizeArgument.TryParse(text, out long parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("B")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1,5G")]
    [InlineData("1.5")]
    [InlineData("1e3")]
    [InlineData("1 G")]
    [InlineData("1P")]
    [InlineData("2iB")]
    [InlineData("2BB")]
    [InlineData("0x10")]
    [InlineData("8388608T")]
    [InlineData("9223372036854775808")]
    [InlineData("99999999999999999999999999999999")]
    public void What_is_no_size_is_refused(string text) => Assert.False(SizeArgument.TryParse(text, out _));
}
