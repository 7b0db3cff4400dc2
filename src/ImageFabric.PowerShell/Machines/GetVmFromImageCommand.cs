using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Lists the virtual machines that were made from images.</summary>
[Cmdlet(VerbsCommon.Get, "VmFromImage")]
[OutputType(typeof(VmFromImage))]
public sealed class GetVmFromImageCommand : HostCmdlet
{
    /// <summary>Names, with wildcards. Without it: all.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(VmNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Hosts as <c>[user@]host[:port]</c>. Without it: this machine.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = ["localhost"];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        string[] names = Name;
        await StartOnEachAsync(HostName, host => ListAsync(host, names, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task ListAsync(HostConnection host, string[] names, CancellationToken cancellationToken)
    {
        List<VmResult> all = [];
        using var observer = new EngineObserver(Pipeline, $"Listing machines on {host.Name}", host.Name);
        await new HostEngine(host.Address, Engine).RunAsync<VmResult>(
            new VmListRequest { ImageDirectory = host.ImageDirectory }, all.Add, observer, grants: null, cancellationToken).ConfigureAwait(false);
        foreach (string name in names)
        {
            VmResult[] found = NamePattern.Select(name, all, static vm => vm.Name);
            if (found.Length == 0 && !NamePattern.HasWildcards(name))
                Pipeline.WriteError(EngineErrorRecord.From(new FleetException("VmNotFound", name, $"{host.Name} has no machine '{name}' made from an image."), name));
            foreach (VmResult vm in found)
                Pipeline.WriteObject(new VmFromImage(host, vm));
        }
    }
}
