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
    /// <summary>Hosts as <c>[user@]host[:port]</c>.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = [];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (string hostName in HostName)
        {
            try
            {
                Pipeline.WriteObject(new VmHost(await ConnectionAsync(hostName).ConfigureAwait(false)));
            }
            catch (FleetException e)
            {
                Pipeline.WriteError(EngineErrorRecord.From(e, hostName));
            }
        }
    }
}
