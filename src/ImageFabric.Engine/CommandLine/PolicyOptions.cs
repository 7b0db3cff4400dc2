using System.CommandLine;
using ImageFabric.Disks;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The options that say what disk image files may be published.</summary>
internal sealed class PolicyOptions
{
    private readonly Option<long?> fileSize = Size("--max-file-size", "Largest file that is taken, such as 100G.");
    private readonly Option<long?> virtualSize = Size("--max-virtual-size", "Largest disk that is taken, such as 2T.");

    private readonly Option<string[]> formats = new("--allow-format")
    {
        Description = $"A format that is taken, of {string.Join(", ", DiskImage.Formats)}; may be given several times. Without it: all.",
        HelpName = "format",
    };

    private readonly Option<int?> minimumSector = new("--min-sector-size") { Description = "Smallest sector that is taken: 512 or 4096.", HelpName = "bytes" };
    private readonly Option<int?> maximumSector = new("--max-sector-size") { Description = "Largest sector that is taken: 512 or 4096.", HelpName = "bytes" };

    private readonly Option<string?> sourceFormat = new("--source-format")
    {
        Description = "raw: the file is a raw disk whatever it looks like, also text or of a size that is no multiple of 512. Without it: told by its content.",
        HelpName = "format",
    };

    private readonly Option<bool> ignoreDigests = new("--ignore-digests")
    {
        Description = "Take a disk of an OVA also when the package's manifest (.mf) or certificate (.cert) says another digest or has no right signature.",
    };

    public PolicyOptions(Command command)
    {
        foreach (Option option in new Option[] { fileSize, virtualSize, formats, minimumSector, maximumSector, sourceFormat, ignoreDigests })
            command.Options.Add(option);
    }

    public ImagePolicy Read(ParseResult parsed) => new()
    {
        MaximumFileSize = parsed.GetValue(fileSize),
        MaximumVirtualSize = parsed.GetValue(virtualSize),
        AllowedFormats = parsed.GetValue(formats) is { Length: > 0 } given ? given : null,
        MinimumSectorSize = parsed.GetValue(minimumSector),
        MaximumSectorSize = parsed.GetValue(maximumSector),
        SourceFormat = parsed.GetValue(sourceFormat),
        IgnoreDigests = parsed.GetValue(ignoreDigests),
    };

    private static Option<long?> Size(string name, string description) => new(name) { Description = description, CustomParser = SizeArgument.Parse, HelpName = "size" };
}
