using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Lists the images of hosts: what they take, when they were last used, and which machines are based on them.</summary>
[Cmdlet(VerbsCommon.Get, "VmHostImage")]
[OutputType(typeof(VmHostImage))]
public sealed class GetVmHostImageCommand : HostCmdlet
{
    /// <summary><c>NAME[:VERSION]</c> with wildcards. Without it: all, also what has no name.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostImageCompleter))]
    public string[] Image { get; set; } = ["*"];

    /// <summary>Hosts as <c>[user@]host[:port]</c>. Without it: this machine.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = ["localhost"];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        string[] names = Image;
        await StartOnEachAsync(HostName, (host, slot) => ListAsync(host, slot, names, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task ListAsync(HostConnection host, HostSlot slot, string[] names, CancellationToken cancellationToken)
    {
        List<HostImageResult> all = [];
        using var observer = new EngineObserver(Pipeline, $"Listing images on {host.Name}", host.Name);
        await EngineOn(host, slot).RunAsync<HostImageResult>(
            new HostImageListRequest { ImageDirectory = host.ImageDirectory }, all.Add, observer, grants: null, cancellationToken).ConfigureAwait(false);
        foreach (string name in names)
        {
            HostImageResult[] found = NamePattern.Select(name.Contains(":") || name == "*" ? name : name + ":*", all, static image => image.Image);
            if (found.Length == 0 && !NamePattern.HasWildcards(name))
                Pipeline.WriteError(EngineErrorRecord.From(new FleetException("ImageNotOnHost", name, $"{host.Name} does not have {name}."), name));
            foreach (HostImageResult image in found)
                Pipeline.WriteObject(new VmHostImage(host, image));
        }
    }
}
