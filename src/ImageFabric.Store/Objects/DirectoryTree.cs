using System.IO.Enumeration;

namespace ImageFabric.Store.Objects;

/// <summary>
/// The files of a directory store by their keys. What lies behind a symbolic link (on Windows a junction too) is not the store's: links are never entered,
/// followed, listed or deleted through. The root itself may be reached by any way.
/// </summary>
/// <param name="root">The store's directory.</param>
internal sealed class DirectoryTree(string root)
{
    private readonly int rootLength = Path.EndsInDirectorySeparator(root) ? root.Length : root.Length + 1;

    /// <summary>Where an object's file is.</summary>
    /// <exception cref="StoreException"><c>StoreLinkRefused</c>: a link is on the way to it, or has its name.</exception>
    public string Resolve(string key)
    {
        string path = Path.Join(root, OperatingSystem.IsWindows() ? key.Replace('/', '\\') : key);
        for (int end = rootLength; end < path.Length;)
        {
            int next = path.IndexOf(Path.DirectorySeparatorChar, end);
            end = next < 0 ? path.Length : next;
            string part = path[..end];
            if (IsLink(new FileInfo(part)))
                throw new StoreException("StoreLinkRefused", part, $"{part} is a symbolic link, and nothing behind a link belongs to the store {root}.");
            end++;
        }

        return path;
    }

    /// <summary>All files whose keys begin with a prefix and could be an object's.</summary>
    /// <exception cref="StoreException"><c>StoreLinkRefused</c>: the directory that the prefix names is a link.</exception>
    /// <exception cref="DirectoryNotFoundException">The store's root is gone.</exception>
    public IEnumerable<StoredObject> Files(string prefix)
    {
        int slash = prefix.LastIndexOf('/');
        string start = slash < 0 ? root : Resolve(prefix[..slash]);
        if (!Directory.Exists(start))
        {
            if (!Directory.Exists(root))
                throw new DirectoryNotFoundException();
            yield break;
        }

        var files = new FileSystemEnumerable<StoredObject>(
            start,
            (ref FileSystemEntry entry) => new StoredObject(KeyOf(ref entry), entry.Length, entry.LastWriteTimeUtc),
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false })
        {
            ShouldRecursePredicate = static (ref FileSystemEntry entry) => !IsLink(ref entry),
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
            {
                if (entry.IsDirectory || IsLink(ref entry))
                    return false;
                string key = KeyOf(ref entry);

                // Pipes, sockets and devices have no length, which no object of the store is without.
                return key.StartsWith(prefix, StringComparison.Ordinal) && ObjectKey.IsKey(key) && (entry.Length > 0 || RegularFile.Is(entry.ToFullPath()));
            },
        };
        foreach (StoredObject file in files)
            yield return file;
    }

    private string KeyOf(ref FileSystemEntry entry)
    {
        string relative = entry.ToFullPath()[rootLength..];
        return OperatingSystem.IsWindows() ? relative.Replace('\\', '/') : relative;
    }

    // On Windows there are reparse points that are no links: deduplicated files, files in a cloud.
    private static bool IsLink(ref FileSystemEntry entry) =>
        entry.Attributes.HasFlag(FileAttributes.ReparsePoint) && (!OperatingSystem.IsWindows() || entry.ToFileSystemInfo().LinkTarget is not null);

    private static bool IsLink(FileInfo file) =>
        file.Attributes is not (FileAttributes)(-1) and var attributes && attributes.HasFlag(FileAttributes.ReparsePoint) && file.LinkTarget is not null;
}
