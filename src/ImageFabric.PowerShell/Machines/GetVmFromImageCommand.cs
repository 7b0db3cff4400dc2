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
    private readonly Dictionary<string, NewestImages> _newest = [];

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

    /// <summary>Only machines whose image is not the newest version in the store.</summary>
    [Parameter]
    public SwitchParameter Outdated { get; set; }

    /// <summary>
    /// With <see cref="Outdated"/>, where the newest versions are: a registered name, a directory or an <c>s3://</c> address. Without it:
    /// <c>IMAGEFABRIC_STORE</c>, then the registered default, then the user's own directory store.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? Store { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        string[] names = Name;
        NewestImages? newest = Outdated ? await NewestAsync().ConfigureAwait(false) : null;
        await StartOnEachAsync(HostName, (host, slot) => ListAsync(host, slot, names, newest, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task<NewestImages> NewestAsync()
    {
        StoreSelection store = await SelectStoreAsync(Store).ConfigureAwait(false);
        string key = store.Name ?? "";
        if (!_newest.TryGetValue(key, out NewestImages? newest))
            _newest[key] = newest = new NewestImages(Engine, store.Location);
        return newest;
    }

    private async Task ListAsync(HostConnection host, HostSlot slot, string[] names, NewestImages? newest, CancellationToken cancellationToken)
    {
        List<VmResult> all = [];
        using var observer = new EngineObserver(Pipeline, $"Listing machines on {host.Name}", host.Name);
        await EngineOn(host, slot).RunAsync<VmResult>(
            new VmListRequest { ImageDirectory = host.ImageDirectory }, all.Add, observer, grants: null, cancellationToken).ConfigureAwait(false);
        foreach (string name in names)
        {
            VmResult[] found = NamePattern.Select(name, all, static vm => vm.Name);
            if (found.Length == 0 && !NamePattern.HasWildcards(name))
                Pipeline.WriteError(EngineErrorRecord.From(new FleetException("VmNotFound", name, $"{host.Name} has no machine '{name}' made from an image."), name));
            foreach (VmResult vm in found)
                await ShowAsync(host, vm, newest, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ShowAsync(HostConnection host, VmResult vm, NewestImages? newest, CancellationToken cancellationToken)
    {
        if (newest is null)
        {
            Pipeline.WriteObject(new VmFromImage(host, vm));
            return;
        }

        if (await newest.OfAsync(vm.Image, cancellationToken).ConfigureAwait(false) is not { } image)
            Pipeline.WriteWarning($"{host.Name}: the store does not have the image of {vm.Name}, {vm.Image}: whether it is outdated is not known.");
        else if (image.ImageId != vm.ImageId)
            Pipeline.WriteObject(VmFromImage.Outdated(host, vm, $"{image.Name}:{image.Version}"));
    }
}
