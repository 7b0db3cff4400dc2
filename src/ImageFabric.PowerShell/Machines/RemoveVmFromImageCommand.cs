using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Removes virtual machines that were made from images, with their disks. The images stay.</summary>
[Cmdlet(VerbsCommon.Remove, "VmFromImage", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(VmFromImage))]
public sealed class RemoveVmFromImageCommand : HostCmdlet
{
    /// <summary>Names, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(VmNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Hosts as <c>[user@]host[:port]</c>. Without it: this machine.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = ["localhost"];

    /// <summary>Also machines that run: they are powered off.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Give out what was removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        await OnEachAsync(HostName, async host =>
        {
            foreach (string name in await NamesAsync(host, cancellationToken).ConfigureAwait(false))
            {
                if (await Pipeline.ShouldProcessAsync($"{name} on {host.Name}", "Remove virtual machine and its disks").ConfigureAwait(false))
                    StartOn(host, slot => RemoveAsync(host, slot, name, cancellationToken), cancellationToken);
            }
        }).ConfigureAwait(false);
    }

    private async Task<IReadOnlyCollection<string>> NamesAsync(HostConnection host, CancellationToken cancellationToken)
    {
        if (!Name.Any(NamePattern.HasWildcards))
            return Name;
        List<VmResult> all = [];
        using var observer = new EngineObserver(Pipeline, $"Listing machines on {host.Name}", host.Name);
        await EngineOn(host, slot: null).RunAsync<VmResult>(
            new VmListRequest { ImageDirectory = host.ImageDirectory }, all.Add, observer, grants: null, cancellationToken).ConfigureAwait(false);
        return [.. Name.SelectMany(n => NamePattern.HasWildcards(n) ? NamePattern.Select(n, all, static vm => vm.Name).Select(static vm => vm.Name) : [n]).Distinct()];
    }

    private async Task RemoveAsync(HostConnection host, HostSlot slot, string name, CancellationToken cancellationToken)
    {
        using var observer = new EngineObserver(Pipeline, $"Removing {name} on {host.Name}", host.Name);
        try
        {
            await EngineOn(host, slot).RunAsync<VmResult>(
                new VmRemoveRequest { Name = name, Force = Force, ImageDirectory = host.ImageDirectory }, vm => Show(host, vm), observer, grants: null, cancellationToken).ConfigureAwait(false);
        }
        catch (FleetException e)
        {
            // With several machines on one host, the machine says more than the host.
            Pipeline.WriteError(EngineErrorRecord.From(e, name));
        }
    }

    private void Show(HostConnection host, VmResult vm)
    {
        if (PassThru)
            Pipeline.WriteObject(new VmFromImage(host, vm));
    }
}
