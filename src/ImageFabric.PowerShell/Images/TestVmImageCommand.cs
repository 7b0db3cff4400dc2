using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Says whether disk image files can be published: the preflight of <c>Publish-VmImage</c>, without a store.</summary>
[Cmdlet(VerbsDiagnostic.Test, "VmImage", DefaultParameterSetName = ByPath)]
[OutputType(typeof(VmImageTest), typeof(VmImageCheck))]
public sealed class TestVmImageCommand : ImageSourceCmdlet
{
    private const string ByPath = "Path";
    private const string ByLiteralPath = "LiteralPath";
    private const string ByInputObject = "InputObject";
    private const string Published = "Deep";

    // What is said of the file itself is this command's result; that it cannot be read is an error.
    private static readonly HashSet<string> Refusals =
        ["FormatNotSupported", "FormatFeatureNotSupported", "FormatNotAllowed", "SectorSizeNotAllowed", "ImageCorrupt", "ForeignReference", "ImageTooLarge", "ImageEmpty"];

    /// <summary>Disk image files, with wildcards; or addresses: <c>https://…</c>, or <c>s3://bucket/key</c>, read by ranges.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Disk image files, without wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The disk image files, as Get-Item and Get-ChildItem give them out.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByInputObject, ValueFromPipeline = true)]
    [ValidateNotNull]
    public System.IO.FileInfo[] InputObject { get; set; } = [];

    /// <summary>
    /// The store whose settings limit what may be published: a registered name. Without it: <c>IMAGEFABRIC_STORE</c>, then the registered default.
    /// The store itself is not asked.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? Store { get; set; }

    /// <summary>
    /// The S3 service and credentials for a <c>-Path</c> of the form <c>s3://bucket/key</c>: a registered store that is in the same service. Without it:
    /// those of <c>-Store</c>.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? SourceStore { get; set; }

    /// <summary>Published images to read back, as <c>NAME[:VERSION]</c> with wildcards; version <c>latest</c> means the newest.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = Published, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string[] Image { get; set; } = [];

    /// <summary>Read everything of published images back and check it. An image that is damaged is an error as well as a result.</summary>
    [Parameter(Mandatory = true, ParameterSetName = Published)]
    public SwitchParameter Deep { get; set; }

    private bool IsLiteral => ParameterSetName is ByLiteralPath or ByInputObject;

    private string[] Files => ParameterSetName switch
    {
        ByInputObject => System.Array.ConvertAll(InputObject, static file => file.FullName),
        ByLiteralPath => LiteralPath,
        _ => Path,
    };

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync(Store).ConfigureAwait(false);
        if (ParameterSetName == Published)
        {
            foreach (string image in Image)
            {
                try
                {
                    await CheckAsync(store, image, cancellationToken).ConfigureAwait(false);
                }
                catch (FleetException e)
                {
                    Pipeline.WriteError(EngineErrorRecord.From(e, image));
                }
            }

            return;
        }

        ImagePolicy? policy = SourcePolicy(store.Policy);
        StoreReference? service = await SourceServiceAsync(SourceStore, store).ConfigureAwait(false);
        foreach (string path in Files)
        {
            try
            {
                Collection<string> files = await Pipeline.AskAsync(() => ImagePath.Resolve(this, path, IsLiteral)).ConfigureAwait(false);
                foreach (string file in files)
                    await TestAsync(file, policy, service, cancellationToken).ConfigureAwait(false);
            }
            catch (FleetException e)
            {
                Pipeline.WriteError(EngineErrorRecord.From(e, AddressForm.WithoutSecrets(path)));
            }
        }
    }

    private Task CheckAsync(StoreSelection store, string image, CancellationToken cancellationToken) => RunEngineOnItemsAsync<VerifyResult>(
        new VerifyRequest { Store = store.Location, Image = image }, $"Checking {image}", result => Pipeline.WriteObject(new VmImageCheck(result, store.Name)), cancellationToken);

    private async Task TestAsync(string file, ImagePolicy? policy, StoreReference? service, CancellationToken cancellationToken)
    {
        string shown = AddressForm.WithoutSecrets(file);
        try
        {
            await RunEngineAsync<TestResult>(
                new TestRequest { Source = file, SourceService = AddressForm.IsSourceAddress(file) ? service : null, Policy = policy }, $"Testing {shown}", result => Pipeline.WriteObject(new VmImageTest(shown, result)), cancellationToken).ConfigureAwait(false);
        }
        catch (FleetException e) when (Refusals.Contains(e.Error.Id))
        {
            Pipeline.WriteObject(new VmImageTest(shown, e.Error));
        }
    }
}
