using System;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>A cmdlet that works on hosts, several at once. A host that fails fails alone.</summary>
public abstract class HostCmdlet : HostLoginCmdlet
{
    private HostSlots? _slots;
    private SshConnections? _connections;

    private protected HostCmdlet()
    {
    }

    /// <summary>Sessions of any transport, whose hosts are worked on: then <c>-HostName</c> and how SSH gets there are not used.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public PSSession[]? Session { get; set; }

    /// <summary>Hosts at the same time, 1 to 1024. Without it: 8.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = 8;

    /// <summary>Connections that the command's requests to a host share; they end with the command.</summary>
    private protected SshConnections Connections => _connections ??= Own(new SshConnections());

    /// <summary>The engine on a host, which has a slot while others work too.</summary>
    private protected HostEngine EngineOn(HostConnection host, HostSlot? slot) => new(host.Address, Engine, sshPath: null, Connections, slot);

    /// <summary>The host of that name, reached as the other parameters say.</summary>
    /// <exception cref="FleetException"><c>InvalidRequest</c>.</exception>
    private protected async Task<HostConnection> ConnectionAsync(string hostName)
    {
        HostAddress address = HostAddress.Parse(hostName).With(Given(UserName), Port, await KeyFileAsync().ConfigureAwait(false), HostConnection.Texts(Options));
        return new HostConnection(address, Options, HostImageDirectory);
    }

    /// <summary>Begins with each host; a name that is none, or a host that fails at once, fails alone.</summary>
    /// <param name="hostNames">As the user gave them.</param>
    /// <param name="begin">What to do with the host; what takes long goes to <see cref="StartOn"/>.</param>
    private protected async Task OnEachAsync(string[] hostNames, Func<HostConnection, Task> begin)
    {
        if (Session is { Length: > 0 })
        {
            foreach (PSSession session in Session)
                await BeginAsync(session.ComputerName, () => Task.FromResult(new HostConnection(session, HostImageDirectory)), begin).ConfigureAwait(false);
            return;
        }

        foreach (string hostName in hostNames)
            await BeginAsync(hostName, () => ConnectionAsync(hostName), begin).ConfigureAwait(false);
    }

    private async Task BeginAsync(string hostName, Func<Task<HostConnection>> connect, Func<HostConnection, Task> begin)
    {
        try
        {
            await begin(await connect().ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (FleetException e)
        {
            Pipeline.WriteError(EngineErrorRecord.From(e, hostName));
        }
    }

    /// <summary>The same where all of it takes long: works on the hosts beside the records that follow, as soon as there are slots.</summary>
    private protected Task StartOnEachAsync(string[] hostNames, Func<HostConnection, HostSlot, Task> work, CancellationToken cancellationToken) =>
        OnEachAsync(hostNames, host =>
        {
            StartOn(host, slot => work(host, slot), cancellationToken);
            return Task.CompletedTask;
        });

    /// <summary>Works on a host beside the records that follow, as soon as there is a slot.</summary>
    /// <param name="host">The host; errors have it as their target.</param>
    /// <param name="work">What to do there. Its requests to the host have the slot, so that a host which does not answer keeps no others waiting.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private protected void StartOn(HostConnection host, Func<HostSlot, Task> work, CancellationToken cancellationToken)
    {
        HostSlots slots = _slots ??= new HostSlots(ThrottleLimit);
        Pipeline.Progress.Expect();
        StartWorker(async () =>
        {
            using HostSlot slot = await slots.TakeAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await work(slot).ConfigureAwait(false);
            }
            catch (FleetException e)
            {
                Pipeline.WriteError(EngineErrorRecord.From(e, host.Name));
            }
            finally
            {
                Pipeline.Progress.Finish();
            }
        });
    }
}
