namespace ImageFabric.Hypervisors.Machines;

/// <summary>Files with what only the guest should know; libvirt gives them to the hypervisor's user as long as the machine runs.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a new file that only its owner can read.</summary>
    public static async Task WriteAsync(string path, byte[] content, CancellationToken ct)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        await using var stream = new FileStream(path, options);
        await stream.WriteAsync(content, ct).ConfigureAwait(false);
        StableStorage.Flush(stream);
    }

    /// <summary>Closes a file to all but its owner.</summary>
    public static void Restrict(string path)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, OwnerOnly);
    }
}
