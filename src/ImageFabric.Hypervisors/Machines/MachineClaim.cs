namespace ImageFabric.Hypervisors.Machines;

/// <summary>The sole right to work on one machine's directory, until it is disposed of or the process dies.</summary>
/// <param name="files">The machine's files.</param>
/// <param name="hold">The lock; null when the machine has no directory.</param>
internal sealed class MachineClaim(MachineFiles files, FileStream? hold) : IDisposable
{
    /// <summary>The machine's files.</summary>
    public MachineFiles Files { get; } = files;

    /// <summary>Gives the right up where the lock, which is a file of the directory, would keep Windows from deleting that.</summary>
    public MachineFiles Release()
    {
        if (OperatingSystem.IsWindows())
            Dispose();
        return Files;
    }

    /// <inheritdoc/>
    public void Dispose() => hold?.Dispose();
}
