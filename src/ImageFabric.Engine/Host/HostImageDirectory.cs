using System.Text.Json;
using ImageFabric.Disks;
using ImageFabric.Store;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Engine.Host;

/// <summary>
/// Where a host keeps base images: <c>images/ID.FORMAT</c> with <c>images/ID.index</c> beside it, <c>names/NAME/VERSION.json</c>, <c>partial/</c> for
/// what is not whole, <c>locks/</c>. What stands in <c>images/</c> is whole, verified and read-only.
/// </summary>
internal sealed class HostImageDirectory
{
    private const int MostSeeds = 8;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passable = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(200);

    private readonly string images;
    private readonly string names;
    private readonly string partial;
    private readonly string locks;

    public HostImageDirectory(string? path)
    {
        Root = string.IsNullOrEmpty(path) ? DefaultPath : Path.GetFullPath(path);
        images = Combine("images");
        names = Combine("names");
        partial = Combine("partial");
        locks = Combine("locks");
    }

    public static string DefaultPath =>
        OperatingSystem.IsWindows() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "ImageFabric")
        : Environment.IsPrivilegedProcess ? "/var/lib/libvirt/images/imagefabric"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "imagefabric", "host");

    public string Root { get; }

    public string ImagePath(ImageId id, string format) => Path.Combine(images, HostImageName.Of(id, format));

    public string PartialPath(ImageId id, string format) => Path.Combine(partial, HostImageName.Of(id, format));

    /// <summary>A path of a file to make and to delete or rename again, on the file system of the images.</summary>
    public string TemporaryPath() => Path.Combine(partial, $"{Guid.NewGuid():N}.tmp");

    /// <summary>Makes the directories that are missing.</summary>
    /// <exception cref="OperationException"><c>HostWriteFailed</c>.</exception>
    public void Create()
    {
        try
        {
            if (OperatingSystem.IsWindows())
                OwnDirectory.Make(Root, images, names, partial, locks, Combine("vms"));
            foreach (string directory in new[] { Root, images, names })
                MakeDirectory(directory, Passable);
            foreach (string directory in new[] { partial, locks })
                MakeDirectory(directory, OwnerOnly);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new OperationException("HostWriteFailed", Root, $"The image directory {Root} cannot be made: {refused.Message}", refused);
        }
    }

    /// <summary>Lets one process of this host at a time work on an image, and waits for it.</summary>
    /// <param name="id">The image.</param>
    /// <param name="waiting">Told once, when another process has it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="OperationException"><c>HostWriteFailed</c>: there is no lock to be had.</exception>
    public async Task<IDisposable> LockAsync(ImageId id, Action<string> waiting, CancellationToken cancellationToken)
    {
        for (bool told = false; ; told = true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryLock(id) is { } locked)
                return locked;
            if (!told)
                waiting($"Another process of this host is working on the image {id}: waiting for it.");
            await Task.Delay(LockPoll, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="LockAsync"/>, but null at once when another process works on the image.</summary>
    public IDisposable? TryLock(ImageId id) => TryOpenLock(id.Hex, shared: false);

    /// <summary>Keeps an image from being removed while a machine is made from it, which takes it for good. Several may hold it.</summary>
    /// <returns>Null when the image is just being removed.</returns>
    public IDisposable? TryHold(ImageId id) => TryOpenLock(UseLock(id), shared: true);

    /// <summary>The right to remove an image; null when a machine is being made from it.</summary>
    public IDisposable? TryClaim(ImageId id) => TryOpenLock(UseLock(id), shared: false);

    /// <summary>Every image file here, whole ones first.</summary>
    public IEnumerable<HostImageFile> Files() => FilesIn(images, whole: true).Concat(FilesIn(partial, whole: false));

    /// <summary>Every name that leads to an image, whether or not its file is there.</summary>
    public IEnumerable<HostImageRecord> Records()
    {
        if (!Directory.Exists(names))
            yield break;
        foreach (string file in Directory.EnumerateFiles(names, "*.json", SearchOption.AllDirectories))
        {
            if (TryReadRecord(file) is { } record)
                yield return record;
        }
    }

    /// <summary>When an image was last synced or a machine made from it.</summary>
    public DateTime LastUsed(HostImageFile file) =>
        file.IsWhole && File.Exists(IndexPath(file.Id)) ? File.GetLastWriteTimeUtc(IndexPath(file.Id)) : File.GetLastWriteTimeUtc(file.Path);

    /// <summary>Remembers that an image was used now.</summary>
    public void Touch(ImageId id)
    {
        if (File.Exists(IndexPath(id)))
            File.SetLastWriteTimeUtc(IndexPath(id), DateTime.UtcNow);
    }

    /// <summary>Forgets a name.</summary>
    public void Forget(HostImageRecord record)
    {
        File.Delete(RecordPath(record.Name, record.Version));
        string directory = Path.GetDirectoryName(RecordPath(record.Name, record.Version))!;
        DirectorySync.Flush(directory);
        if (!Directory.EnumerateFileSystemEntries(directory).Any())
            Directory.Delete(directory);
    }

    /// <summary>Deletes a file, and the index with the last whole one of its image.</summary>
    public void Delete(HostImageFile file)
    {
        if (OperatingSystem.IsWindows())
            File.SetAttributes(file.Path, FileAttributes.Normal);
        File.Delete(file.Path);
        if (FindFormat(file.Id, null) is null)
            File.Delete(IndexPath(file.Id));
        DirectorySync.Flush(images);
    }

    /// <summary>The format an image is here in, the asked one first; null when it is not here.</summary>
    public string? FindFormat(ImageId id, string? preferred) =>
        Formats(preferred).FirstOrDefault(format => File.Exists(ImagePath(id, format)));

    /// <summary>The index kept beside an image, or null when there is none that can be read.</summary>
    public async Task<ImageIndex?> TryReadIndexAsync(ImageId id, CancellationToken cancellationToken)
    {
        if (await TryReadIndexObjectAsync(id, cancellationToken).ConfigureAwait(false) is not { } known)
            return null;
        known.Object.Dispose();
        return known.Index;
    }

    /// <summary>The same, with the object as it lies in the store, which the caller disposes of.</summary>
    public async Task<(ImageIndex Index, SpooledObject Object)?> TryReadIndexObjectAsync(ImageId id, CancellationToken cancellationToken)
    {
        SpooledObject? bytes = null;
        try
        {
            bytes = await ReadIndexObjectAsync(id, cancellationToken).ConfigureAwait(false);
            ImageIndex index = ImageIndex.Parse(bytes, key: null);
            if (index.ImageId == id)
                return (index, bytes);
            bytes.Dispose();
            return null;
        }
        catch (Exception absent) when (absent is IOException or StoreException)
        {
            // The index is a help, not the image: without it the pull fetches it again.
            bytes?.Dispose();
            return null;
        }
    }

    /// <summary>The index kept beside an image, as it is.</summary>
    public async Task<SpooledObject> ReadIndexObjectAsync(ImageId id, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(IndexPath(id), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        return await SpooledObject.ReadAsync(file, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Other images that may hold chunks of this one: the other format of it, then those of the same name, then the rest; the newest first.</summary>
    public IReadOnlyList<PullSeed> FindSeeds(ImageId id, string name, string format)
    {
        HashSet<string> kin = [.. Records().Where(r => r.Name == name).Select(r => r.ImageId)];
        return [.. new DirectoryInfo(images).EnumerateFiles()
            .Where(file => HostImageName.TryParse(file.Name, out _, out _) && file.Name != HostImageName.Of(id, format))
            .Select(file => (Value: IdOf(file), File: file))
            .OrderByDescending(c => c.Value == id).ThenByDescending(c => kin.Contains(c.Value.ToString())).ThenByDescending(c => c.File.LastWriteTimeUtc)
            .Take(MostSeeds)
            .Select(c => new PullSeed(c.File.FullName, stop => TryReadIndexAsync(c.Value, stop)))];
    }

    /// <summary>Makes a whole partial file an image of this host, for good.</summary>
    public async Task AdmitAsync(ImageId id, string format, SpooledObject index, CancellationToken cancellationToken)
    {
        await WriteAsync(id, IndexPath(id), index.OpenRead(), cancellationToken).ConfigureAwait(false);
        string whole = PartialPath(id, format);
        if (OperatingSystem.IsWindows())
            File.SetAttributes(whole, FileAttributes.ReadOnly);
        else
            File.SetUnixFileMode(whole, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Move(whole, ImagePath(id, format), overwrite: true);
        DirectorySync.Flush(images);
    }

    /// <summary>Remembers a name for an image that is here, whose lock the caller has; what is remembered already is not written again.</summary>
    public Task RememberAsync(ImageId id, HostImageRecord record, CancellationToken cancellationToken)
    {
        if (TryReadRecord(RecordPath(record.Name, record.Version)) == record)
            return Task.CompletedTask;
        string directory = Path.GetDirectoryName(RecordPath(record.Name, record.Version))!;
        MakeDirectory(directory, Passable);
        return WriteAsync(id, RecordPath(record.Name, record.Version), new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(record, HostJson.Default.HostImageRecord)), cancellationToken);
    }

    /// <summary>What the host knows of <c>name:version</c>, or of the newest version it has; null when it has none whose file is there.</summary>
    public HostImageRecord? Find(ImageReference image)
    {
        IEnumerable<HostImageRecord> known = Records().Where(r => r.Name == image.Name && (!image.IsExact || r.Version == image.Version));
        return known.Where(r => ImageId.TryParse(r.ImageId, out ImageId id) && FindFormat(id, r.Format) is not null)
            .MaxBy(r => r.Published, StringComparer.Ordinal);
    }

    // The hypervisor's user reads images, and nobody but the owner writes, whatever the caller's umask.
    private static void MakeDirectory(string path, UnixFileMode mode)
    {
        if (Directory.Exists(path))
            return;
        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    private static IEnumerable<HostImageFile> FilesIn(string directory, bool whole) => !Directory.Exists(directory)
        ? []
        : new DirectoryInfo(directory).EnumerateFiles()
            .Select(file => HostImageName.TryParse(file.Name, out ImageId id, out string format) ? new HostImageFile(id, format, file.FullName, whole) : null)
            .OfType<HostImageFile>();

    // A record that cannot be read names nothing; the image behind it stays, and the next sync writes the record anew.
    private static HostImageRecord? TryReadRecord(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), HostJson.Default.HostImageRecord);
        }
        catch (Exception damaged) when (damaged is JsonException or IOException)
        {
            return null;
        }
    }

    // Whoever has the image's lock writes: one name does, and what a killed engine left of it goes with the next sync.
    private async Task WriteAsync(ImageId id, string path, Stream content, CancellationToken cancellationToken)
    {
        string temporary = Path.Combine(partial, id.Hex + ".tmp");
        try
        {
            await using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                await content.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
                FileSync.Flush(file.SafeFileHandle);
            }

            File.Move(temporary, path, overwrite: true);
            DirectorySync.Flush(Path.GetDirectoryName(path)!);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static IEnumerable<string> Formats(string? preferred) => DiskTarget.Formats.OrderByDescending(f => f == preferred);

    private static ImageId IdOf(FileInfo file) => HostImageName.TryParse(file.Name, out ImageId id, out _) ? id : default;

    private FileStream? TryOpenLock(string name, bool shared)
    {
        string path = Path.Combine(locks, name);
        try
        {
            return ExclusiveFile.TryOpen(path, shared);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new OperationException("HostWriteFailed", path, $"The lock {path} cannot be taken: {refused.Message}", refused);
        }
    }

    private static string UseLock(ImageId id) => id.Hex + ".use";

    private string IndexPath(ImageId id) => Path.Combine(images, id.Hex + ".index");

    private string RecordPath(string name, string version) => Path.Combine(names, HostFileName.Of(name), HostFileName.Of(version) + ".json");

    private string Combine(string directory) => Path.Combine(Root, directory);
}
