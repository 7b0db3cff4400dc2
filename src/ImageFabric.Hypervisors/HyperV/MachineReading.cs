using ImageFabric.Hypervisors.Machines;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>Tells machines of ours, and describes them.</summary>
internal static class MachineReading
{
    /// <summary>Value of <see cref="VmResult.Virtualization"/>.</summary>
    public const string Virtualization = "hyper-v";

    /// <summary>The mark of a machine of this image directory: in its notes or, when somebody emptied them, in the directory that its files are in.</summary>
    public static MachineMark? MarkOf(MachineDescription machine, MachineDirectories directories)
    {
        if (MachineMark.Of(machine.Notes) is { } mark)
            return directories.FilesIn(mark.Directory) is null ? null : mark;

        // Hyper-V keeps a machine's files in a directory of the machine's name, in the one that it was given.
        if (Path.GetDirectoryName(machine.Path) is not { } directory || directories.FilesIn(directory) is not { } files || !File.Exists(files.Record))
            return null;
        return new MachineMark(MachineRecord.Read(files.Record), directory);
    }

    /// <summary>Describes a machine of ours.</summary>
    public static VmResult Describe(MachineDescription machine, MachineMark mark)
    {
        string state = StateOf(machine.State);
        return new VmResult
        {
            Name = machine.Name,
            Id = machine.Id.ToString("D"),
            Image = mark.Record.Image,
            ImageId = mark.Record.ImageId,
            State = state,
            Virtualization = Virtualization,
            Cpu = machine.Cpu,
            MemoryBytes = machine.Memory,
            DiskSizeBytes = machine.DiskSize > 0 ? machine.DiskSize : mark.Record.DiskSizeBytes,
            DiskPath = machine.Disk,
            LinkedClone = mark.Record.LinkedClone,
            Addresses = state == MachineState.Running ? machine.Addresses : null,
            Created = mark.Record.Created,
        };
    }

    /// <summary>From Hyper-V's word; a state that became critical, for example since a disk is gone, is that state.</summary>
    public static string StateOf(string state) => state.EndsWith("Critical", StringComparison.Ordinal) ? StateOf(state[..^"Critical".Length]) : state switch
    {
        "Running" or "Starting" or "Stopping" or "Resuming" or "Reset" => MachineState.Running,
        "Off" => MachineState.Off,
        "Paused" or "Saved" or "Pausing" or "Saving" or "FastSaved" or "FastSaving" => MachineState.Paused,
        _ => MachineState.Unknown,
    };
}
