using System.Collections.ObjectModel;
using System.Management.Automation;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Paths of disk image files as PowerShell's users write them.</summary>
internal static class ImagePath
{
    /// <summary>On the pipeline's thread: the files of the file system that are meant, by full path; an address as it is.</summary>
    /// <param name="cmdlet">Whose location relative paths are seen from.</param>
    /// <param name="path">What the user gave.</param>
    /// <param name="literal">No wildcards.</param>
    /// <exception cref="FleetException"><c>FileNotFound</c>: there is none, or the path is not one of the file system.</exception>
    public static Collection<string> Resolve(PSCmdlet cmdlet, string path, bool literal)
    {
        if (AddressForm.IsSourceAddress(path))
            return [path];
        if (AddressForm.WhyNoSource(path) is { } reason)
            throw new FleetException("InvalidRequest", path, reason);
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

    /// <summary>On the pipeline's thread: the one file of the file system that is meant, by full path; brackets and other wildcards are part of its name.</summary>
    /// <param name="cmdlet">Whose location relative paths are seen from.</param>
    /// <param name="path">What the user gave.</param>
    /// <exception cref="FleetException"><c>FileNotFound</c>: the path is not one of the file system.</exception>
    public static string ResolveOne(PSCmdlet cmdlet, string path) => Resolve(cmdlet, path, literal: true)[0];
}
