namespace ImageFabric.Hypervisors.Machines;

/// <summary>Where the files of one machine are.</summary>
/// <param name="Directory">The machine's directory, absolute.</param>
/// <param name="DiskName">Name of the disk's file.</param>
internal sealed record MachineFiles(string Directory, string DiskName)
{
    /// <summary>The disk.</summary>
    public string Disk => Path.Combine(Directory, DiskName);

    /// <summary>The NoCloud seed.</summary>
    public string Seed => Path.Combine(Directory, "seed.iso");

    /// <summary>What the guest wrote to its serial console.</summary>
    public string Console => Path.Combine(Directory, "console.log");

    /// <summary>The <see cref="MachineRecord"/>. It comes last: a directory without it was never finished.</summary>
    public string Record => Path.Combine(Directory, "vm.json");

    /// <summary>Locked by the process that makes or removes the machine.</summary>
    public string Lock => Path.Combine(Directory, "lock");
}
