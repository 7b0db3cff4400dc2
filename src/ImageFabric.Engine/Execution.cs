using System.Runtime.InteropServices;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;

namespace ImageFabric.Engine;

/// <summary>Runs one operation until it is done, fails, or is cancelled by Ctrl+C, SIGTERM, a closed terminal or the caller.</summary>
internal static class Execution
{
    /// <summary>Runs an operation and says how it ended, as an exit status and, when it failed, as an error event.</summary>
    /// <param name="output">Where an error goes.</param>
    /// <param name="operation">What is run; it may cancel itself when nobody waits for it any more.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<int> RunAsync(IEventOutput output, Func<CancellationTokenSource, Task> operation, CancellationToken cancellationToken)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            await operation(cancel).ConfigureAwait(false);
            return StandardOutput.Stream.Fault is { } unwritten ? await TellAsync(unwritten).ConfigureAwait(false) : output.ErrorsWritten > 0 ? ExitCode.Failed : ExitCode.Done;
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            // Whatever it was that broke off, it did so because it was asked to.
            return ExitCode.Cancelled;
        }
        catch (Exception fault)
        {
            output.Error(Faults.Describe(fault));
            if (StandardOutput.Stream.Fault is { } unwritten)
                await TellAsync(unwritten).ConfigureAwait(false);
            if (Faults.IsDefect(fault))
                await Console.Error.WriteLineAsync(fault.ToString().AsMemory(), CancellationToken.None).ConfigureAwait(false);
            return ExitCode.Failed;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            cancel.Cancel();
        }
    }

    // Standard error is what is left to say it on; where that is gone as well, the exit status says it.
    private static async Task<int> TellAsync(Exception unwritten)
    {
        ErrorEvent error = Faults.Describe(new OperationException("OutputUnwritable", null, $"The result cannot be written to standard output: {unwritten.Message}"));
        await Console.Error.WriteLineAsync($"error {error.Id}: {error.Message}\n  {error.RecommendedAction}").ConfigureAwait(false);
        return ExitCode.Failed;
    }
}
