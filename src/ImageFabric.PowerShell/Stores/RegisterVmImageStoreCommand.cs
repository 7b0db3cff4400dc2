using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Gives a store a name, after asking the store whether it can be used.</summary>
[Cmdlet(VerbsLifecycle.Register, "VmImageStore", SupportsShouldProcess = true)]
[OutputType(typeof(VmImageStore))]
public sealed class RegisterVmImageStoreCommand : ImagePolicyCmdlet
{
    /// <summary>The name to give to <c>-Store</c> later on: 1 to 64 letters, digits, <c>.</c>, <c>_</c>, <c>-</c>.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidatePattern(StoreName.Pattern)]
    public string Name { get; set; } = "";

    /// <summary>A directory, or <c>s3://bucket/prefix</c>.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Uri { get; set; } = "";

    /// <summary>The S3 service's address, <c>http(s)://host[:port]</c>. Without it: Amazon's, by region.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Endpoint { get; set; }

    /// <summary>The S3 region.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Region { get; set; }

    /// <summary>A profile of the AWS credential files.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ProfileCompleter))]
    public string? Profile { get; set; }

    /// <summary>Access key id and secret access key. Kept in the memory of this session only, never written.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>What is asked of signatures before an image is taken from the store. Without it: nothing.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet(TrustSettings.None, TrustSettings.WarnUnsigned, TrustSettings.RequireSigned)]
    public string? TrustPolicy { get; set; }

    /// <summary>Signers that are trusted: certificates, files of certificates, or thumbprints.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public object[]? TrustedCertificate { get; set; }

    /// <summary>Authorities whose certificates for code signing are trusted: certificates, or files of certificates.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public object[]? TrustedAuthority { get; set; }

    /// <summary>Use this store when none is named.</summary>
    [Parameter]
    public SwitchParameter Default { get; set; }

    /// <summary>Replace a store of the same name.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Register without asking the store.</summary>
    [Parameter]
    public SwitchParameter SkipTest { get; set; }

    /// <summary>Give the registered store out.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreRegistration store = await RegistrationAsync().ConfigureAwait(false);
        StoreRegistry registry = StoreRegistry.OfUser();
        if (!Force && registry.Find(store.Name) is { } other)
            throw new FleetException("StoreExists", store.Name, $"A store named '{other.Name}' is registered already, for {other.Uri}.");
        if (!await Pipeline.ShouldProcessAsync(store.Name, $"Register the store {store.Uri}").ConfigureAwait(false))
            return;

        // Before it is written: a store that cannot be used gets no name.
        if (!SkipTest)
            await TestAsync(store, cancellationToken).ConfigureAwait(false);
        registry.Put(store);
        SessionCredentials.Set(store.Name, Credential);
        if (Credential is not null)
            Pipeline.WriteWarning($"The credential for '{store.Name}' is kept in this session only. A profile of the AWS credential files lasts.");
        if (PassThru)
            Pipeline.WriteObject(new VmImageStore(store));
    }

    private async Task<StoreRegistration> RegistrationAsync() => new()
    {
        Name = Name,
        Uri = AddressForm.WhyNoStore(Uri) is { } reason ? throw new FleetException("InvalidRequest", Uri, reason) : StoreName.IsAddress(Uri) ? Uri : await Pipeline.AskAsync(() => GetUnresolvedProviderPathFromPSPath(Uri)).ConfigureAwait(false),
        Endpoint = Given(Endpoint),
        Region = Given(Region),
        Profile = Given(Profile),
        IsDefault = Default,
        Policy = Policy(null),
        Trust = await Pipeline.AskAsync(() => TrustedCertificates.Settings(TrustPolicy, TrustedCertificate, TrustedAuthority, GetUnresolvedProviderPathFromPSPath)).ConfigureAwait(false),
    };

    private async Task TestAsync(StoreRegistration store, CancellationToken cancellationToken)
    {
        ProbeResult? probe = null;
        var request = new ProbeRequest { Store = StoreSelection.Reference(store, Credential) };
        await RunEngineAsync<ProbeResult>(request, $"Testing the store {store.Uri}", result => probe = result, cancellationToken).ConfigureAwait(false);
        bool isDirectory = !StoreName.IsAddress(store.Uri);
        foreach (StoreCheckResult check in probe?.Checks ?? [])
        {
            // What every directory is like needs no warning.
            if (check.Status == StoreCheckResult.Failed || (check.Status == StoreCheckResult.Weak && !isDirectory))
                Pipeline.WriteWarning($"{store.Uri}: {check.Message} {check.Consequence}");
        }
    }

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
