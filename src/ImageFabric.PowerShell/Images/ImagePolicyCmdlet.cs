using System.Management.Automation;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>A cmdlet that takes the limits of what may be published.</summary>
public abstract class ImagePolicyCmdlet : EngineCmdlet
{
    private protected ImagePolicyCmdlet()
    {
    }

    /// <summary>Largest disk image file, in bytes. Without it: the store's setting, otherwise 64TB.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1L, long.MaxValue)]
    public long? MaximumFileSize { get; set; }

    /// <summary>Largest disk, as the guest sees it, in bytes. Without it: the store's setting, otherwise 64TB.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1L, long.MaxValue)]
    public long? MaximumVirtualSize { get; set; }

    /// <summary>Formats that may be published. Without it: the store's setting, otherwise all that can be read.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet("raw", "qcow2", "vhdx", "vhd", "vmdk", "vdi", "ova")]
    public string[]? AllowedFormat { get; set; }

    /// <summary>Smallest logical sector in bytes. Without it: the store's setting, otherwise 512.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet("512", "4096")]
    public int? MinimumSectorSize { get; set; }

    /// <summary>Largest logical sector in bytes. Without it: the store's setting, otherwise 4096.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet("512", "4096")]
    public int? MaximumSectorSize { get; set; }

    /// <summary>What the parameters say, each before what the store's settings say. Null: neither says anything.</summary>
    private protected ImagePolicy? Policy(ImagePolicy? ofStore, string? sourceFormat = null, bool ignoreDigests = false)
    {
        var policy = new ImagePolicy
        {
            MaximumFileSize = MaximumFileSize ?? ofStore?.MaximumFileSize,
            MaximumVirtualSize = MaximumVirtualSize ?? ofStore?.MaximumVirtualSize,
            AllowedFormats = AllowedFormat is { Length: > 0 } ? AllowedFormat : ofStore?.AllowedFormats,
            MinimumSectorSize = MinimumSectorSize ?? ofStore?.MinimumSectorSize,
            MaximumSectorSize = MaximumSectorSize ?? ofStore?.MaximumSectorSize,
            SourceFormat = sourceFormat,
            IgnoreDigests = ignoreDigests,
        };
        bool saysNothing = policy is { MaximumFileSize: null, MaximumVirtualSize: null, AllowedFormats: null, MinimumSectorSize: null, MaximumSectorSize: null, SourceFormat: null, IgnoreDigests: false };
        return saysNothing ? null : policy;
    }
}
