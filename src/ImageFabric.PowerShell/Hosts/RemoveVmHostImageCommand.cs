using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Removes images from hosts. What a machine is based on stays, whoever made the machine.</summary>
[Cmdlet(VerbsCommon.Remove, "VmHostImage", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(VmHostImage))]
public sealed class RemoveVmHostImageCommand : HostCmdlet
{
    private readonly HashSet<(string Host, string? Directory, string Image)> asked = [];

    /// <summary><c>NAME[:VERSION]</c> with wildcards, or <c>sha256:…</c>; <c>*</c> alone means all, also what has no name.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostImageCompleter))]
    public string[] Image { get; set; } = [];

    /// <summary>Hosts as <c>[user@]host[:port]</c>. Without it: this machine.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = ["localhost"];

    /// <summary>How many versions of each name stay, counted from the newest.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? KeepLast { get; set; }

    /// <summary>Only images that were not used for so long.</summary>
    [Parameter]
    public TimeSpan? OlderThan { get; set; }

    /// <summary>Only until so many bytes are free on the host; what was not used for longest goes first.</summary>
    [Parameter]
    [ValidateRange(0L, long.MaxValue)]
    public long? FreeSpace { get; set; }

    /// <summary>Give out what was removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override Task BeginAsync(CancellationToken cancellationToken) =>
        OlderThan < TimeSpan.Zero
            ? throw new FleetException("InvalidRequest", OlderThan.ToString()!, "-OlderThan cannot be negative.")
            : Task.CompletedTask;

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        string[] images = Image;
        await StartOnEachAsync(
            HostName,
            (host, slot) => NotYetAsked(host, images) is { Length: > 0 } wanted ? RemoveAsync(host, slot, wanted, cancellationToken) : Task.CompletedTask,
            cancellationToken).ConfigureAwait(false);
    }

    // Get-VmHostImage gives an image once for each format that the host has of it, and the first removal takes all of them.
    private string[] NotYetAsked(HostConnection host, string[] images)
    {
        lock (asked)
            return [.. images.Where(image => asked.Add((host.Name, host.ImageDirectory, image)))];
    }

    // The host chooses; the user is asked about what it chose; then exactly that is removed, unless a machine came to need it meanwhile.
    private async Task RemoveAsync(HostConnection host, HostSlot slot, string[] images, CancellationToken cancellationToken)
    {
        List<HostImageResult> chosen = [];
        HostImageRemoveRequest plan = Request(host, images);
        (plan.KeepLast, plan.UnusedSeconds, plan.FreeBytes, plan.PlanOnly) = (KeepLast, (long?)OlderThan?.TotalSeconds, FreeSpace, true);
        using var observer = new EngineObserver(Pipeline, $"Removing images from {host.Name}", host.Name);
        await RunAsync(host, slot, plan, chosen.Add, observer, cancellationToken).ConfigureAwait(false);

        var agreed = new List<string>();
        foreach (IGrouping<string, HostImageResult> image in chosen.GroupBy(static c => c.Image))
        {
            long freed = image.Sum(i => new VmHostImage(host, i).FreedSize);
            if (await Pipeline.ShouldProcessAsync($"{image.Key} on {host.Name}", $"Remove image (frees {ByteSize.Format(freed)})").ConfigureAwait(false))
                agreed.Add(image.Key);
        }

        if (agreed.Count > 0)
            await RunAsync(host, slot, Request(host, [.. agreed]), image => Show(host, image), observer, cancellationToken).ConfigureAwait(false);
    }

    private static HostImageRemoveRequest Request(HostConnection host, string[] images) => new() { ImageDirectory = host.ImageDirectory, Images = images };

    private Task RunAsync(HostConnection host, HostSlot slot, HostImageRemoveRequest request, Action<HostImageResult> onResult, EngineObserver observer, CancellationToken cancellationToken) =>
        EngineOn(host, slot).RunAsync(
            request,
            onResult,
            error => Pipeline.WriteError(EngineErrorRecord.From(error, host)),
            observer,
            grants: null,
            cancellationToken);

    private void Show(HostConnection host, HostImageResult image)
    {
        if (PassThru)
            Pipeline.WriteObject(new VmHostImage(host, image));
    }
}
