using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>An ssh that holds a connection to one host open for others, which reach it by a socket.</summary>
internal sealed class SshMaster
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    private readonly EngineProcess _ssh;

    private SshMaster(EngineProcess ssh, string controlPath)
    {
        _ssh = ssh;
        ControlPath = controlPath;
    }

    /// <summary>The socket.</summary>
    public string ControlPath { get; }

    /// <summary>True until the connection is lost.</summary>
    public bool IsAlive => File.Exists(ControlPath);

    /// <summary>Connects.</summary>
    /// <returns>Null when that does not work; who then connects for itself is told why.</returns>
    /// <exception cref="FleetException"><c>SshNotFound</c>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. No process is left.</exception>
    public static async Task<SshMaster?> StartAsync(HostAddress host, string? controlPath, string? sshPath, CancellationToken cancellationToken)
    {
        if (controlPath is null)
            return null;
        EngineProcess ssh = SshClient.StartMaster(host, controlPath, sshPath);
        var master = new SshMaster(ssh, controlPath);
        Task<int> exit = ssh.WaitForExitAsync(CancellationToken.None);
        try
        {
            // ssh makes the socket when it has logged in.
            while (!master.IsAlive)
            {
                if (await Task.WhenAny(exit, Task.Delay(Poll, cancellationToken)).ConfigureAwait(false) == exit)
                {
                    ssh.Dispose();
                    return null;
                }

                cancellationToken.ThrowIfCancellationRequested();
            }

            return master;
        }
        catch (OperationCanceledException)
        {
            await master.StopAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends the connection.</summary>
    public async Task StopAsync()
    {
        await _ssh.KillAsync().ConfigureAwait(false);
        _ssh.Dispose();
    }
}
