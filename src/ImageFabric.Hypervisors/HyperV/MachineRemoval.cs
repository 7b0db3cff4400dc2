using ImageFabric.Hypervisors.Machines;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>
/// Removes a machine, or what a creation or removal that was killed left of one. Its files go last, so that a removal that was interrupted can be
/// repeated.
/// </summary>
internal sealed class MachineRemoval(HyperVModule module, MachineDirectories directories)
{
    /// <summary>See <see cref="IHypervisor.RemoveAsync"/>.</summary>
    public async Task<VmResult> RemoveAsync(string name, bool force, CancellationToken ct)
    {
        MachineName.Check(name);
        try
        {
            IReadOnlyList<MachineDescription> machines = await module.ListAsync(id: null, ct).ConfigureAwait(false);
            foreach (MachineDescription machine in machines.Where(m => string.Equals(m.Name, name, StringComparison.OrdinalIgnoreCase)))
            {
                if (MachineReading.MarkOf(machine, directories) is { } mark)
                    return await RemoveMachineAsync(machine, mark, force, ct).ConfigureAwait(false);
            }

            return await RemoveLeftoverAsync(name, machines, force, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException("HostWriteFailed", name, $"The files of '{name}' cannot be removed: {e.Message}", e);
        }
    }

    private async Task<VmResult> RemoveMachineAsync(MachineDescription machine, MachineMark mark, bool force, CancellationToken ct)
    {
        MachineFiles files = directories.FilesIn(mark.Directory)!;
        using MachineClaim claim = await directories.ClaimAsync(machine.Name, files, ct).ConfigureAwait(false);
        VmResult result = MachineReading.Describe(machine, mark);
        CheckPower(machine, force);
        await module.RemoveAsync(machine.Name, machine.Id, files.Directory, ct).ConfigureAwait(false);
        await directories.DeleteAsync(claim.Release(), ct).ConfigureAwait(false);
        result.State = MachineState.Off;
        result.Addresses = null;
        return result;
    }

    private async Task<VmResult> RemoveLeftoverAsync(string name, IReadOnlyList<MachineDescription> machines, bool force, CancellationToken ct)
    {
        MachineFiles files = directories.FilesOf(name);
        if (!Directory.Exists(files.Directory))
            throw NotFound(name, $"The host has no machine '{name}' that was made from an image.");
        using MachineClaim claim = await directories.ClaimAsync(name, files, ct).ConfigureAwait(false);
        foreach (MachineDescription machine in machines)
        {
            // A machine that was renamed still uses the directory of its old name.
            if (MachineReading.MarkOf(machine, directories) is { } mark && string.Equals(mark.Directory, files.Directory, HostPath.Comparison))
                throw NotFound(name, $"The machine that was made as '{name}' is now called '{machine.Name}'.");
            if (string.Equals(Path.GetDirectoryName(machine.Path), files.Directory, HostPath.Comparison))
                CheckPower(machine, force);
        }

        MachineRecord? record = MachineRecord.ReadLeftover(files.Record, name, force);
        await module.RemoveAsync(name, id: null, files.Directory, ct).ConfigureAwait(false);
        await directories.DeleteAsync(claim.Release(), ct).ConfigureAwait(false);
        return new VmResult
        {
            Name = name,
            Image = record?.Image ?? "",
            ImageId = record?.ImageId ?? "",
            State = MachineState.Off,
            Virtualization = MachineReading.Virtualization,
            DiskSizeBytes = record?.DiskSizeBytes ?? 0,
            DiskPath = files.Disk,
            LinkedClone = record?.LinkedClone ?? false,
            Created = record?.Created ?? "",
        };
    }

    private static void CheckPower(MachineDescription machine, bool force)
    {
        string state = MachineReading.StateOf(machine.State);
        if (state != MachineState.Off && !force)
            throw new HypervisorException("VmRunning", machine.Name, $"The machine '{machine.Name}' is {machine.State.ToLowerInvariant()}.");
    }

    private static HypervisorException NotFound(string name, string message) => new("VmNotFound", name, message);
}
