namespace ImageFabric.Hypervisors.Machines;

/// <summary>
/// The directories <c>vms/NAME</c> of an image directory. Whoever makes or removes one holds <c>vms/.lock</c> for that moment, and the
/// machine's own lock for as long as it works on the machine.
/// </summary>
/// <param name="imageDirectory">The image directory, absolute.</param>
/// <param name="diskName">Name of the disk's file in each.</param>
internal sealed class MachineDirectories(string imageDirectory, string diskName)
{
    // The hypervisor's user has to get to the files, but need not list them.
    private const UnixFileMode Passable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const int MostDeletions = 50;
    private static readonly TimeSpan BetweenDeletions = TimeSpan.FromMilliseconds(200);

    private readonly string _root = Path.Combine(imageDirectory, "vms");

    /// <summary>The files of a machine of this name, whether or not it exists.</summary>
    public MachineFiles FilesOf(string name) => new(Path.Combine(_root, name), diskName);

    /// <summary>The files of a machine that says this is its directory; null when it is none of these directories.</summary>
    public MachineFiles? FilesIn(string directory) =>
        string.Equals(Path.GetDirectoryName(directory), _root, HostPath.Comparison) && MachineName.IsValid(Path.GetFileName(directory))
            ? new MachineFiles(directory, diskName)
            : null;

    /// <summary>The records of all machines that were finished.</summary>
    /// <exception cref="HypervisorException"><c>HypervisorFailed</c>: a record is damaged.</exception>
    public IEnumerable<MachineRecord> Records()
    {
        if (!Directory.Exists(_root))
            yield break;
        foreach (string directory in Directory.EnumerateDirectories(_root))
        {
            string record = new MachineFiles(directory, diskName).Record;
            if (File.Exists(record))
                yield return MachineRecord.Read(record);
        }
    }

    /// <summary>Makes the directory of a new machine, in place of what a creation that was killed may have left.</summary>
    /// <param name="name">The new machine's name.</param>
    /// <param name="hasMachine">Whether the hypervisor has a machine of that name.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="HypervisorException"><c>VmExists</c>, or <c>VmBelongsToAnotherHost</c>.</exception>
    public async Task<MachineClaim> CreateAsync(string name, Func<CancellationToken, Task<bool>> hasMachine, CancellationToken ct)
    {
        if (!Directory.Exists(_root))
            MakePassable(_root);
        using FileStream guard = await GuardAsync(ct).ConfigureAwait(false);
        if (await hasMachine(ct).ConfigureAwait(false))
            throw new HypervisorException("VmExists", name, $"The host has a machine '{name}' already.");
        MachineFiles files = FilesOf(name);
        if (Directory.Exists(files.Directory))
            DeleteLeftover(name, files);
        try
        {
            MakePassable(files.Directory);
            return new MachineClaim(files, ExclusiveFile.TryOpen(files.Lock));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (Directory.Exists(files.Directory))
                Directory.Delete(files.Directory, recursive: true);
            throw;
        }
    }

    /// <summary>Takes the sole right to a machine that exists, or to what is left of it.</summary>
    /// <exception cref="HypervisorException"><c>VmRunning</c>: another process is making or removing it.</exception>
    public async Task<MachineClaim> ClaimAsync(string name, MachineFiles files, CancellationToken ct)
    {
        if (!Directory.Exists(files.Directory))
            return new MachineClaim(files, hold: null);
        using FileStream guard = await GuardAsync(ct).ConfigureAwait(false);
        if (!Directory.Exists(files.Directory))
            return new MachineClaim(files, hold: null);
        FileStream hold = ExclusiveFile.TryOpen(files.Lock)
            ?? throw new HypervisorException("VmRunning", name, $"Another process is making or removing the machine '{name}' at this moment.");
        return new MachineClaim(files, hold);
    }

    /// <summary>Removes a machine's directory with all that is in it. The caller has its <see cref="MachineClaim"/>.</summary>
    public async Task DeleteAsync(MachineFiles files, CancellationToken ct)
    {
        if (!Directory.Exists(_root))
            return;
        using FileStream guard = await GuardAsync(ct).ConfigureAwait(false);
        if (OperatingSystem.IsWindows())
            await DeleteOnWindowsAsync(files, ct).ConfigureAwait(false);
        else if (Directory.Exists(files.Directory))
            Directory.Delete(files.Directory, recursive: true);
    }

    // The management service lets go of a machine's files a moment after the machine is gone.
    private static async Task DeleteOnWindowsAsync(MachineFiles files, CancellationToken ct)
    {
        for (int attempt = 1; Directory.Exists(files.Directory); attempt++)
        {
            try
            {
                Directory.Delete(files.Directory, recursive: true);
            }
            catch (Exception busy) when (busy is IOException or UnauthorizedAccessException && attempt < MostDeletions)
            {
                await Task.Delay(BetweenDeletions, ct).ConfigureAwait(false);
            }
        }
    }

    private static void MakePassable(string directory)
    {
        Directory.CreateDirectory(directory);
        // Set apart from its making, so that the caller's umask has no say.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(directory, Passable);
    }

    private static void DeleteLeftover(string name, MachineFiles files)
    {
        if (File.Exists(files.Record))
        {
            MachineRecord.ReadLeftover(files.Record, name, force: false);
            throw new HypervisorException("VmExists", name,
                $"The files of a machine '{name}' are in {files.Directory}, though the hypervisor does not have it; remove it first.");
        }
        using FileStream unclaimed = ExclusiveFile.TryOpen(files.Lock)
            ?? throw new HypervisorException("VmExists", name, $"Another process is making a machine '{name}' at this moment.");
        Directory.Delete(files.Directory, recursive: true);
    }

    private Task<FileStream> GuardAsync(CancellationToken ct) => ExclusiveFile.OpenAsync(Path.Combine(_root, ".lock"), ct);
}
