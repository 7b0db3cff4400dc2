using System.Management.Automation;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>A cmdlet that reads a disk image file on its way into a store.</summary>
public abstract class ImageSourceCmdlet : ImagePolicyCmdlet
{
    private protected ImageSourceCmdlet()
    {
    }

    /// <summary>
    /// <c>Raw</c>: the file is a raw disk, whatever it looks like, also text or a file whose size is no multiple of 512 bytes. Without it: the content says what it is.
    /// </summary>
    [Parameter]
    [ValidateSet("Raw")]
    public string? SourceFormat { get; set; }

    /// <summary>Takes a disk of an OVA also when the package's manifest (.mf) or certificate (.cert) says another digest or has no right signature.</summary>
    [Parameter]
    public SwitchParameter IgnoreDigest { get; set; }

    /// <summary>What the parameters say, each before what the store's settings say. Null: neither says anything.</summary>
    private protected ImagePolicy? SourcePolicy(ImagePolicy? ofStore) => Policy(ofStore, SourceFormat?.ToLowerInvariant(), IgnoreDigest);

    /// <summary>
    /// Where the S3 service of an <c>s3://</c> address is, and its credentials: a registered name. Without it: as for the store that is published into.
    /// </summary>
    private protected async Task<StoreReference?> SourceServiceAsync(string? sourceStore, StoreSelection usual) =>
        string.IsNullOrEmpty(sourceStore) ? usual.Location : (await SelectStoreAsync(sourceStore).ConfigureAwait(false)).Location;
}
