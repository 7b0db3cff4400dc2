using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Writes a published image to a file of this machine.</summary>
[Cmdlet(VerbsData.Save, "VmImage", SupportsShouldProcess = true)]
[OutputType(typeof(SavedVmImage))]
public sealed class SaveVmImageCommand : StoreCmdlet
{
    /// <summary><c>NAME[:VERSION]</c>; without a version, or with <c>latest</c>, the newest.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string Image { get; set; } = "";

    /// <summary>The file to make, or a directory: then the file is called <c>NAME-VERSION.FORMAT</c>. Without it: the current directory.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [Alias("OutFile")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = ".";

    /// <summary>Format of the file. Without it: by the file's extension, otherwise raw.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Format")]
    [ArgumentCompleter(typeof(DiskFormatCompleter))]
    public string? DiskFormat { get; set; }

    /// <summary>Disk image files of this machine whose unchanged parts are taken instead of fetched.</summary>
    [Parameter]
    public string[]? Seed { get; set; }

    /// <summary>Replace the file if it exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The most bytes from the store in a second, for example 20MB. Without it: as many as go.</summary>
    [Parameter]
    [ValidateRange(64 * 1024L, long.MaxValue)]
    public long? BandwidthLimit { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync().ConfigureAwait(false);
        ImageResult image = await ResolveAsync(store, cancellationToken).ConfigureAwait(false);
        string name = $"{image.Name}:{image.Version}";
        string output = await OutputAsync(image).ConfigureAwait(false);
        string action = $"Save to {output} (at most {ByteSize.Format(image.StoredSize + image.IndexSize)} to fetch)";
        if (!await Pipeline.ShouldProcessAsync(name, action).ConfigureAwait(false))
            return;
        var request = new SaveRequest
        {
            Store = store.Location,
            Image = name,
            Output = output,
            Format = DiskFormatCompleter.Check(DiskFormat, files: true),
            Seeds = Seed is { Length: > 0 } ? await Pipeline.AskAsync(() => System.Array.ConvertAll(Seed, GetUnresolvedProviderPathFromPSPath)).ConfigureAwait(false) : null,
            Replace = Force,
            BandwidthLimit = BandwidthLimit,
        };
        await RunEngineAsync<PullResult>(
            request, $"Saving {name}", result => Pipeline.WriteObject(new SavedVmImage(name, result)), cancellationToken).ConfigureAwait(false);
    }

    // The file's name needs the version, and the question how much there is to fetch.
    private async Task<ImageResult> ResolveAsync(StoreSelection store, CancellationToken cancellationToken)
    {
        List<ImageResult> found = [];
        string image = Image.Contains(":") ? Image : Image + ":latest";
        await RunEngineAsync<ImageResult>(
            new ListRequest { Store = store.Location, Image = image }, $"Looking for {Image}", found.Add, cancellationToken).ConfigureAwait(false);
        return found.Count switch
        {
            0 => throw new FleetException("ImageNotFound", Image, $"The store has no image {Image}."),
            1 => found[0],
            _ => throw new FleetException("InvalidRequest", Image, $"{Image} means {found.Count} images, and one file can hold one: {string.Join(", ", found.Take(5).Select(static i => $"{i.Name}:{i.Version}"))}{(found.Count > 5 ? ", …" : "")}."),
        };
    }

    private Task<string> OutputAsync(ImageResult image) => Pipeline.AskAsync(() =>
    {
        string path = GetUnresolvedProviderPathFromPSPath(Path);
        string extension = DiskFormat is null ? "raw" : DiskFormat.ToLowerInvariant().Split('-')[0];
        return System.IO.Directory.Exists(path) ? System.IO.Path.Combine(path, $"{image.Name}-{image.Version}.{extension}") : path;
    });
}
