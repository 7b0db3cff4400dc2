using System.CommandLine;
using ImageFabric.Engine.Output;
using ImageFabric.Engine.Serve;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The command that programs use: the engine protocol on standard input and output.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var command = new Command("serve", "Answers one request of the engine protocol: a line of JSON on standard input. For programs.");
        command.SetAction((_, cancellationToken) =>
            ServeSession.RunAsync(Console.OpenStandardInput(), new JsonLinesOutput(StandardOutput.Stream), cancellationToken));
        return command;
    }
}
