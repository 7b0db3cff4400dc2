using Xunit;

namespace ImageFabric.Protocol.Tests;

public sealed class DisplayTextTests
{
    [Theory]
    [InlineData("plain\ttext\nof two lines")]
    [InlineData("é ü 漢字 \ud83d\ude00")]
    [InlineData("")]
    public void Text_is_shown_as_it_is(string text) => Assert.Same(text, DisplayText.Harmless(text));

    [Theory]
    [InlineData("\u001b[2J\u001b]0;title\u0007", "\\u001b[2J\\u001b]0;title\\u0007")]
    [InlineData("done\rFAILED", "done\\u000dFAILED")]
    [InlineData("line\r\nline", "line\nline")]
    [InlineData("\u009b31m", "\\u009b31m")]
    [InlineData("a\0b\u007f", "a\\u0000b\\u007f")]
    [InlineData("\u202egnp.exe", "\\u202egnp.exe")]
    public void What_would_steer_a_terminal_is_shown_as_its_code(string text, string shown) => Assert.Equal(shown, DisplayText.Harmless(text));

    [Fact]
    public void Half_a_surrogate_pair_is_shown_as_its_code() => Assert.Equal("a\\ud83d", DisplayText.Harmless("a\ud83d"));
}
