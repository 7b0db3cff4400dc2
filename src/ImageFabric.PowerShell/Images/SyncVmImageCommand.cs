using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Brings a published image to hosts: each takes from the store what it does not have yet.</summary>
[Cmdlet(VerbsData.Sync, "VmImage", SupportsShouldProcess = true)]
[OutputType(typeof(VmImageSync))]
public sealed class SyncVmImageCommand : HostCmdlet
{
    // An image that cannot be used is told once, not once for each host.
    private readonly HashSet<(string Image, string? Store)> _unusable = [];
    private SyncedImages? _images;

    /// <summary><c>NAME[:VERSION]</c>; without a version, or with <c>latest</c>, the newest.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string Image { get; set; } = "";

    /// <summary>Hosts as <c>[user@]host[:port]</c>. Without it: this machine.</summary>
    [Parameter(Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = ["localhost"];

    /// <summary>Format of the image's file on the hosts. Without it: raw.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(DiskFormatCompleter))]
    public string? DiskFormat { get; set; }

    /// <summary>Has the hosts give each other what they have, so that the store sends the image about once. They must reach each other.</summary>
    [Parameter]
    public SwitchParameter FanOut { get; set; }

    /// <summary>
    /// Networks in which hosts of a fan-out may ask each other, in CIDR notation such as 10.1.0.0/16, for sites with a network for data. Without it: each host is
    /// asked at the address it is reached by.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? PeerNetwork { get; set; }

    /// <summary>Has the hosts reach the store through their SSH connections, by way of this machine.</summary>
    [Parameter]
    public SwitchParameter Tunnel { get; set; }

    /// <summary>Address of an HTTP cache in front of the store that the hosts are to ask, <c>http(s)://host[:port]</c>. Without it: they ask the store.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CacheEndpoint { get; set; }

    /// <summary>The most bytes that each host takes in a second, for example 20MB. With <c>-FanOut</c> it gives no more to others either. Without it: as many as go.</summary>
    [Parameter]
    [ValidateRange(64 * 1024L, long.MaxValue)]
    public long? BandwidthLimit { get; set; }

    /// <summary>How long one host may take, in seconds. Without it: as long as it works.</summary>
    [Parameter]
    [ValidateRange(1, 604800)]
    public int TimeoutSec { get; set; }

    /// <summary>
    /// A registered name, a directory or an <c>s3://</c> address. Without it: <c>IMAGEFABRIC_STORE</c>, then the registered default, then the
    /// user's own directory store.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? Store { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync(Store).ConfigureAwait(false);
        _images ??= Own(new SyncedImages(Engine));
        ImageSync sync = _images.For(Image, store, SyncOptions());
        if (await ResolveAsync(sync, store, cancellationToken).ConfigureAwait(false) is not { } image)
            return;
        string name = $"{image.Name}:{image.Version}";
        string action = $"Sync {name} (at most {ByteSize.Format(image.StoredSize + image.IndexSize)} to fetch)";
        await OnEachAsync(HostName, async host =>
        {
            if (await Pipeline.ShouldProcessAsync(host.Name, action).ConfigureAwait(false))
                StartOn(host, slot => SyncAsync(sync, name, host, slot, store, cancellationToken), cancellationToken);
        }).ConfigureAwait(false);
    }

    private ImageSyncOptions SyncOptions() => new()
    {
        Throttle = ThrottleLimit,
        Format = DiskFormatCompleter.Check(DiskFormat, files: false),
        ImageDirectory = HostImageDirectory,
        Connections = Connections,
        FanOut = FanOut,
        PeerNetworks = PeerNetwork ?? [],
        Tunnel = Tunnel,
        CacheEndpoint = CacheEndpoint,
        BandwidthLimit = BandwidthLimit,
        Timeout = TimeoutSec > 0 ? TimeSpan.FromSeconds(TimeoutSec) : null,
    };

    private async Task<ImageResult?> ResolveAsync(ImageSync sync, StoreSelection store, CancellationToken cancellationToken)
    {
        try
        {
            return await sync.ResolveAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (FleetException e)
        {
            if (_unusable.Add((Image, store.Name)))
                Pipeline.WriteError(EngineErrorRecord.From(e, Image));
            return null;
        }
    }

    private async Task SyncAsync(ImageSync sync, string image, HostConnection host, HostSlot slot, StoreSelection store, CancellationToken cancellationToken)
    {
        using var observer = new EngineObserver(Pipeline, $"Syncing {image} to {host.Name}", host.Name);
        HostSyncResult result = await sync.SyncAsync(host.Address, observer, cancellationToken, slot).ConfigureAwait(false);
        Pipeline.WriteObject(new VmImageSync(host, result, store.Name));
        if (result.Error is { } error)
            Pipeline.WriteError(EngineErrorRecord.From(new FleetException(error), host.Name));
    }
}
