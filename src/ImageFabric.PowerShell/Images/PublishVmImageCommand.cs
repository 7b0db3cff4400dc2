using System.Collections;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Security;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Publishes a disk image file into a store.</summary>
[Cmdlet(VerbsData.Publish, "VmImage", DefaultParameterSetName = ByPath, SupportsShouldProcess = true)]
[OutputType(typeof(PublishedVmImage))]
public sealed class PublishVmImageCommand : ImageSourceCmdlet
{
    private const string ByPath = "Path";
    private const string ByLiteralPath = "LiteralPath";
    private const string ByInputObject = "InputObject";

    /// <summary>The disk image file; wildcards must match one. Or an address: <c>https://…</c>, or <c>s3://bucket/key</c>, read by ranges.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The disk image file, without wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string LiteralPath { get; set; } = "";

    /// <summary>The disk image file, as Get-Item and Get-ChildItem give it out.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByInputObject, ValueFromPipeline = true)]
    [ValidateNotNull]
    public System.IO.FileInfo? InputObject { get; set; }

    /// <summary>Image name: 1 to 128 letters, digits, <c>.</c>, <c>_</c>, <c>-</c>; begins with a letter or digit.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>Image version: the same characters as a name; not <c>latest</c>.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Version { get; set; } = "";

    /// <summary>Free labels kept with the image.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Labels")]
    public IDictionary? Label { get; set; }

    /// <summary>
    /// A registered name, a directory or an <c>s3://</c> address. Without it: <c>IMAGEFABRIC_STORE</c>, then the registered default, then the
    /// user's own directory store.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? Store { get; set; }

    /// <summary>
    /// The S3 service and credentials for a <c>-Path</c> of the form <c>s3://bucket/key</c>: a registered store that is in the same service. Without it:
    /// those of the store that is published into.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? SourceStore { get; set; }

    /// <summary>
    /// Versions of the image from which a delta to this one is made, so that hosts that have one of them fetch less; <c>latest</c> is the newest other one.
    /// Without it: none is made.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageVersionCompleter))]
    public string[]? DeltaFrom { get; set; }

    /// <summary>zstd level. Without it: 2 for the first version of an image, 3 for others.</summary>
    [Parameter]
    [ValidateRange(1, 19)]
    public int CompressionLevel { get; set; }

    /// <summary>Uploads at the same time, at most; as many of them as are worth it. Without it: 4.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; }

    /// <summary>The most bytes to and from the store in a second, for example 20MB. Without it: as many as go.</summary>
    [Parameter]
    [ValidateRange(64 * 1024L, long.MaxValue)]
    public long? BandwidthLimit { get; set; }

    /// <summary>Bytes of memory for the work. A small budget finds less of what the store has. Without it: 256MB.</summary>
    [Parameter]
    [ValidateRange(1024 * 1024L, long.MaxValue)]
    public long? MemoryBudget { get; set; }

    /// <summary>
    /// Signs the image: a certificate with its private key, the path of a PKCS #12 or PEM file with both, or the thumbprint of a certificate in a personal
    /// store. Without it: the image is not signed.
    /// </summary>
    [Parameter]
    [Alias("Certificate")]
    [ValidateNotNullOrEmpty]
    public object? SigningCertificate { get; set; }

    /// <summary>What the file of <c>-SigningCertificate</c> is encrypted with.</summary>
    [Parameter]
    public SecureString? SigningPassword { get; set; }

    private bool IsLiteral => ParameterSetName == ByLiteralPath;

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        string source = await SourceAsync().ConfigureAwait(false);
        StoreSelection store = await SelectStoreAsync(Store).ConfigureAwait(false);
        string image = $"{Name}:{Version}";
        string shown = AddressForm.WithoutSecrets(source);
        var request = new PublishRequest
        {
            Store = store.Location,
            Source = source,
            SourceService = AddressForm.IsSourceAddress(source) ? await SourceServiceAsync(SourceStore, store).ConfigureAwait(false) : null,
            Policy = SourcePolicy(store.Policy),
            Name = Name,
            Version = Version,
            Labels = Label?.Cast<DictionaryEntry>().ToDictionary(static l => Text(l.Key), static l => LabelValue(l)),
            CompressionLevel = CompressionLevel > 0 ? CompressionLevel : null,
            Throttle = ThrottleLimit > 0 ? ThrottleLimit : null,
            BandwidthLimit = BandwidthLimit,
            MemoryBudget = MemoryBudget,
            DeltaFrom = DeltaFrom,
            Signing = await Pipeline.AskAsync(() => PowerShell.SigningCertificate.Key(SigningCertificate, SigningPassword, GetUnresolvedProviderPathFromPSPath)).ConfigureAwait(false),
            PlanOnly = await IsTrialAsync().ConfigureAwait(false),
        };
        if (request.PlanOnly)
        {
            PublishResult plan = await PublishAsync(request, $"Reading {shown}", [], cancellationToken).ConfigureAwait(false);
            string upload = plan.Created ? $"{ByteSize.Format(plan.BytesUploaded)} to upload of a disk of {ByteSize.Format(plan.VirtualSize)}" : "nothing to upload: it is published already";
            await Pipeline.ShouldProcessAsync(image, $"Publish {shown} ({plan.SourceFormat}, {upload}) to {store.Title}").ConfigureAwait(false);
            Pipeline.WriteObject(new PublishedVmImage(plan, store.Name));
        }
        else if (await Pipeline.ShouldProcessAsync(image, $"Publish {shown} to {store.Title}").ConfigureAwait(false))
        {
            List<ErrorEvent> failures = [];
            Pipeline.WriteObject(new PublishedVmImage(await PublishAsync(request, $"Publishing {image}", failures, cancellationToken).ConfigureAwait(false), store.Name));

            // Of deltas: the image is published, and whoever stops at the first error has been given it.
            foreach (ErrorEvent failure in failures)
                Pipeline.WriteError(EngineErrorRecord.From(new FleetException(failure), null));
        }
    }

    private async Task<PublishResult> PublishAsync(PublishRequest request, string activity, List<ErrorEvent> failures, CancellationToken cancellationToken)
    {
        PublishResult? published = null;
        await RunEngineAsync<PublishResult>(request, activity, result => published = result, failures.Add, cancellationToken).ConfigureAwait(false);
        if (published is null && failures.Count > 0)
            throw new FleetException(failures[0]);
        return published ?? throw new FleetException("EngineFailed", $"{Name}:{Version}", "The engine ended without a result.");
    }

    private async Task<string> SourceAsync()
    {
        if (ParameterSetName == ByInputObject)
            return InputObject!.FullName;
        string path = IsLiteral ? LiteralPath : Path;
        Collection<string> files = await Pipeline.AskAsync(() => ImagePath.Resolve(this, path, IsLiteral)).ConfigureAwait(false);
        return files.Count == 1
            ? files[0]
            : throw new FleetException("InvalidRequest", path, $"'{path}' matches {files.Count} files; one image is made of one file.");
    }

    private static string LabelValue(DictionaryEntry label) => (label.Value is PSObject wrapped ? wrapped.BaseObject : label.Value) is IEnumerable and not string
        ? throw new FleetException("InvalidRequest", Text(label.Key), $"The label '{Text(label.Key)}' is a list or table; a label is one text.")
        : Text(label.Value);

    private static string Text(object? value) => System.Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
