using System;
using System.Collections.ObjectModel;
using System.Linq;
using System.Management.Automation;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>Paths of disk image files as PowerShell's users write them.</summary>
internal static class ImagePath
{
    private static readonly string[] Schemes = ["https://", "http://", "s3://"];

    /// <summary>True for the address of a file elsewhere.</summary>
    public static bool IsAddress(string path) => Schemes.Any(scheme => path.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));

    /// <summary>On the pipeline's thread: the files of the file system that are meant, by full path; an address as it is.</summary>
    /// <param name="cmdlet">Whose location relative paths are seen from.</param>
    /// <param name="path">What the user gave.</param>
    /// <param name="literal">No wildcards.</param>
    /// <exception cref="FleetException"><c>FileNotFound</c>: there is none, or the path is not one of the file system.</exception>
    public static Collection<string> Resolve(PSCmdlet cmdlet, string path, bool literal)
    {
        if (IsAddress(path))
            return [path];
        try
        {
            ProviderInfo provider;
            Collection<string> files = literal
                ? [cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out _)]
                : cmdlet.GetResolvedProviderPathFromPSPath(path, out provider);
            if (provider.Name != "FileSystem")
                throw new FleetException("FileNotFound", path, $"'{path}' is not a path of the file system.");
            return files.Count > 0 ? files : throw new FleetException("FileNotFound", path, $"No file matches '{path}'.");
        }
        catch (SessionStateException e)
        {
            throw new FleetException("FileNotFound", path, e.Message, e);
        }
    }
}
