using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>Puts a host's name and the way to it into one object. Nothing is connected or kept.</summary>
[Cmdlet(VerbsCommon.New, "VmHost")]
[OutputType(typeof(VmHost))]
public sealed class NewVmHostCommand : HostCmdlet
{
    /// <summary>Hosts as <c>[user@]host[:port]</c>. Needed without <c>-Session</c>.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = [];

    private protected override Task ProcessAsync(CancellationToken cancellationToken) =>
        HostName.Length == 0 && Session is not { Length: > 0 }
            ? throw new FleetException("InvalidRequest", "", "Say a host with -HostName, or a session with -Session.")
            : OnEachAsync(HostName, host =>
            {
                Pipeline.WriteObject(new VmHost(host));
                return Task.CompletedTask;
            });
}
