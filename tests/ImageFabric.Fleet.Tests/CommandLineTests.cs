namespace ImageFabric.Fleet.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "\"\"")]
    [InlineData("two words", "\"two words\"")]
    [InlineData("C:\\dir\\", "C:\\dir\\")]
    [InlineData("C:\\my dir\\", "\"C:\\my dir\\\\\"")]
    [InlineData("say \"hi\"", "\"say \\\"hi\\\"\"")]
    [InlineData("a\\\"b", "\"a\\\\\\\"b\"")]
    [InlineData("a\\\\ b", "\"a\\\\ b\"")]
    public void An_argument_is_quoted_by_the_rules_of_CommandLineToArgvW(string argument, string line) =>
        Assert.Equal(line, CommandLine.Join([argument]));

    // .NET Framework passes a command line on as it is; Mono, on Linux, splits it by a shell's rules, where two backslashes are one.
    [LinuxFact]
    [Trait("Mono", "differs")]
    public async Task Every_awkward_argument_reaches_a_program_unchanged()
    {
        string[] arguments =
        [
            "", " ", "\t", "\"", "\"\"", "\\", "\\\\", "\\\"", "\\\\\"", "a b\\", "a b\\\\", "'", "''", "it's", "$HOME", "${x}", "`id`", "$(id)",
            "*", "?", "~", "#", "!", "%PATH%", "^", "&", "|", ";", "<", ">", "(", ")", "{", "}", "[", "]", "=", ",", "-", "--", "-x", "/?", "@file",
            "ä€😀", "a\u00a0b", "\"a\" b\\\" c\\\\\" d\\", "x\vy", "x\fy",
        ];
        using var directory = new TestDirectory();
        string program = directory.Script("program", "for argument; do printf '<%s>\\n' \"$argument\"; done");
        using EngineProcess process = EngineProcess.Start(program, arguments, "program");
        List<string> seen = [];
        while (await process.ReadLineAsync(default) is { } line)
            seen.Add(line);
        await process.StopAsync();
        Assert.Equal(arguments.Select(a => $"<{a}>"), seen);
    }

    [LinuxFact]
    public async Task An_argument_of_several_lines_stays_one_argument()
    {
        using var directory = new TestDirectory();
        string program = directory.Script("program", "echo $#; printf '%s' \"$1\" > $HERE/seen; echo done");
        using EngineProcess process = EngineProcess.Start(program, ["one\ntwo \"three\"\r\n"], "program");
        Assert.Equal("1", await process.ReadLineAsync(default));
        Assert.Equal("done", await process.ReadLineAsync(default));
        await process.StopAsync();
        Assert.Equal("one\ntwo \"three\"\r\n", await File.ReadAllTextAsync(directory["seen"]));
    }
}
