using System.CommandLine;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The command line of the program.</summary>
internal static class EngineCommandLine
{
    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>The exit status, one of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        // An argument that begins with @ is itself: a file of arguments in a folder that others write to would be theirs to fill.
        ParseResult parsed = Build().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors)
                await Console.Error.WriteLineAsync(error.Message).ConfigureAwait(false);
            await Console.Error.WriteLineAsync("Add --help to see how the command is used.").ConfigureAwait(false);
            return ExitCode.WrongUsage;
        }

        // Signals are the operation's own business: Execution turns them into cancellation.
        var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        return await parsed.InvokeAsync(invocation).ConfigureAwait(false);
    }

    internal static RootCommand Build() => new(
        """
        Gets one virtual machine disk image onto many hosts, once, and makes virtual machines from it.

        An image is published once into a store: a directory, or a bucket of an S3-compatible service. Hosts take it from there.

          imagefabric publish ubuntu.qcow2 --name ubuntu --version 24.04.3
          imagefabric sync ubuntu:24.04.3 --host root@kvm01 --host root@kvm02
          imagefabric vm create web01 --image ubuntu:24.04.3 --host root@kvm01 --memory 2G --start

        Exit status: 0 done, 1 failed, 2 wrong usage, 130 cancelled.
        """)
    {
        StoreCommands.Publish(),
        StoreCommands.List(),
        StoreCommands.Pull(),
        FleetCommands.Sync(),
        VmCommands.Vm(),
        HostCommands.Host(),
        StoreCommands.Test(),
        StoreCommands.Verify(),
        StoreCommands.Probe(),
        StoreCommands.Remove(),
        StoreCommands.Optimize(),
        ReplicaCommands.Compare(),
        ReplicaCommands.Copy(),
        ReplicaCommands.Repair(),
        ServeCommand.Create(),
    };
}
