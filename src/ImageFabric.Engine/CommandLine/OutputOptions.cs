using System.CommandLine;
using System.CommandLine.Parsing;
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
                ? new JsonLinesOutput(StandardOutput.Stream)
                : new ConsoleOutput(Console.Out, Console.Error, showProgress: !Console.IsErrorRedirected, parsed.GetValue(options.verbose));
            return Execution.RunAsync(
                output,
                cancel =>
                {
                    RefuseEmpty(parsed);
                    return operation(parsed, output, cancel.Token);
                },
                cancellationToken);
        });
    }

    // "$ENDPOINT" of a script that did not set it is no wish for the default.
    private static void RefuseEmpty(ParseResult parsed)
    {
        foreach (SymbolResult given in parsed.CommandResult.Children)
        {
            if (!given.Tokens.Any(static token => token.Value.Length == 0))
                continue;
            string name = given switch { OptionResult option => option.Option.Name, ArgumentResult argument => argument.Argument.Name, _ => "An argument" };
            throw new OperationException("InvalidRequest", null, $"{name} is empty. Give it a value, or leave it out.");
        }
    }
}
