using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>The host that a PSSession of any transport leads to.</summary>
internal sealed class SessionHost(PSSession session) : IScriptHost
{
    // A session runs one pipeline at a time, whatever commands of ours use it.
    private static readonly ConditionalWeakTable<Runspace, SemaphoreSlim> Turns = new();

    /// <inheritdoc/>
    public async Task<IScriptPipe> StartAsync(string script, string[] arguments, CancellationToken cancellationToken)
    {
        SemaphoreSlim turn = Turns.GetValue(session.Runspace, static _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            RunspaceState state = session.Runspace.RunspaceStateInfo.State;
            return state == RunspaceState.Opened
                ? new SessionPipe(session, script, arguments, () => turn.Release())
                : throw new FleetException("HostUnreachable", session.ComputerName, $"The session '{session.Name}' to {session.ComputerName} is {state}.");
        }
        catch
        {
            turn.Release();
            throw;
        }
    }
}
