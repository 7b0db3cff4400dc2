using System.CommandLine;
using ImageFabric.Engine.CommandLine;
using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.CommandLine;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => new(Paths(EngineCommandLine.Build(), ""));

    [EngineTheory]
    [MemberData(nameof(Commands))]
    public async Task Help_tells_every_option_and_argument_of_a_command(string path)
    {
        string[] words = path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Command command = words.Aggregate((Command)EngineCommandLine.Build(), (parent, word) => parent.Subcommands.Single(child => child.Name == word));

        string help = (await EngineProgram.RunAsync([.. words, "--help"])).Succeeded().Output;

        Assert.Contains(command.Description!.Split('\n')[0].Trim(), help);
        foreach (Option option in command.Options.Where(option => option is not System.CommandLine.Help.HelpOption && option is not VersionOption))
            AssertTold(help, option.Name, option.Description);
        foreach (Argument argument in command.Arguments)
            AssertTold(help, $"<{argument.Name}>", argument.Description);
        foreach (Command child in command.Subcommands)
            AssertTold(help, child.Name, child.Description);
    }

    [EngineFact]
    public async Task Without_arguments_the_program_says_how_to_get_help()
    {
        EngineAnswer answer = await EngineProgram.RunAsync();

        Assert.Equal(2, answer.ExitCode);
        Assert.Contains("--help", answer.Error);
        Assert.Empty(answer.Output);
    }

    [EngineFact]
    public async Task The_version_is_that_of_the_build() =>
        Assert.Matches(@"^\d+\.\d+\.\d+", (await EngineProgram.RunAsync("--version")).Succeeded().Output);

    private static void AssertTold(string help, string name, string? description)
    {
        Assert.False(string.IsNullOrWhiteSpace(description), $"{name} has no description");
        Assert.Contains(name, help);
        Assert.Contains(description, help);
    }

    private static IEnumerable<string> Paths(Command command, string path) =>
        command.Subcommands.SelectMany(child => Paths(child, $"{path} {child.Name}".TrimStart())).Prepend(path);
}
