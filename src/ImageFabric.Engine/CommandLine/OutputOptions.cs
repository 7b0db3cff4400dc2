using System.CommandLine;
using ImageFabric.Engine.Output;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The options every command has, and the running of its operation.</summary>
internal sealed class OutputOptions
{
    private readonly Option<bool> json = new("--json") { Description = "Write JSON lines for machines instead of text for people." };
    private readonly Option<bool> verbose = new("--verbose") { Description = "Say more about what is done." };

    /// <summary>Adds the options to a command and makes it run an operation.</summary>
    public static void Bind(Command command, Func<ParseResult, IEventOutput, CancellationToken, Task> operation)
    {
        var options = new OutputOptions();
        command.Options.Add(options.json);
        command.Options.Add(options.verbose);
        command.SetAction((parsed, cancellationToken) =>
        {
            IEventOutput output = parsed.GetValue(options.json)
                ? new JsonLinesOutput(Console.OpenStandardOutput())
                : new ConsoleOutput(Console.Out, Console.Error, showProgress: !Console.IsErrorRedirected, parsed.GetValue(options.verbose));
            return Execution.RunAsync(output, cancel => operation(parsed, output, cancel.Token), cancellationToken);
        });
    }
}
