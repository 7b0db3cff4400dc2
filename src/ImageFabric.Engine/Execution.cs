using System.Runtime.InteropServices;
using ImageFabric.Engine.Output;

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
            return output.ErrorsWritten > 0 ? ExitCode.Failed : ExitCode.Done;
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            // Whatever it was that broke off, it did so because it was asked to.
            return ExitCode.Cancelled;
        }
        catch (Exception fault)
        {
            output.Error(Faults.Describe(fault));
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
}
