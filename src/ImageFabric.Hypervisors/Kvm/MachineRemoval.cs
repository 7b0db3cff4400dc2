using ImageFabric.Hypervisors.Machines;
using ImageFabric.Hypervisors.Tools;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>
/// Removes a machine, or what a creation or removal that was killed left of one. Its files go last, so that a removal that was
/// interrupted can be repeated.
/// </summary>
internal sealed class MachineRemoval(Virsh virsh, MachineDirectories directories, DomainReader reader)
{
    /// <summary>See <see cref="IHypervisor.RemoveAsync"/>.</summary>
    public async Task<VmResult> RemoveAsync(string name, bool force, CancellationToken ct)
    {
        MachineName.Check(name);
        try
        {
            IReadOnlyList<DomainReference> domains = await virsh.DomainsAsync(ct).ConfigureAwait(false);
            return domains.FirstOrDefault(domain => domain.Name == name) is { } domain
                ? await RemoveDomainAsync(name, domain.Uuid, force, ct).ConfigureAwait(false)
                : await RemoveLeftoverAsync(name, domains, force, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException("HostWriteFailed", name, $"The files of '{name}' cannot be removed: {e.Message}", e);
        }
    }

    private async Task<VmResult> RemoveDomainAsync(string name, Guid domain, bool force, CancellationToken ct)
    {
        if (await reader.FilesAsync(domain, ct).ConfigureAwait(false) is not { } files)
            throw NotFound(name, $"The machine '{name}' was not made from an image of this host's image directory.");
        using MachineClaim claim = await directories.ClaimAsync(name, files, ct).ConfigureAwait(false);
        VmResult machine = await reader.DescribeAsync(domain, withAddresses: true, diskSize: null, ct).ConfigureAwait(false) ?? throw NotFound(name);
        if (machine.State != MachineState.Off)
        {
            if (!force)
                throw new HypervisorException("VmRunning", name, $"The machine '{name}' is {machine.State.ToLowerInvariant()}.");
            await PowerOffAsync(name, domain, ct).ConfigureAwait(false);
        }
        await virsh.UndefineAsync(name, domain, ct).ConfigureAwait(false);
        await directories.DeleteAsync(files, ct).ConfigureAwait(false);
        machine.State = MachineState.Off;
        machine.Addresses = null;
        return machine;
    }

    private async Task PowerOffAsync(string name, Guid domain, CancellationToken ct)
    {
        try
        {
            await virsh.DestroyAsync(name, domain, ct).ConfigureAwait(false);
        }
        catch (HypervisorException)
        {
            // It may have gone off by itself just before.
            if (await reader.StateAsync(domain, ct).ConfigureAwait(false) is not MachineState.Off)
                throw;
        }
    }

    private async Task<VmResult> RemoveLeftoverAsync(string name, IReadOnlyList<DomainReference> domains, bool force, CancellationToken ct)
    {
        MachineFiles files = directories.FilesOf(name);
        if (!Directory.Exists(files.Directory))
            throw NotFound(name);
        using MachineClaim claim = await directories.ClaimAsync(name, files, ct).ConfigureAwait(false);
        MachineRecord? record = MachineRecord.ReadLeftover(files.Record, name, force);
        // A domain that was renamed still uses the directory of its old name.
        foreach (DomainReference domain in domains)
        {
            if (record is null
                ? await reader.FilesAsync(domain.Uuid, ct).ConfigureAwait(false) is { } used && used.Directory == files.Directory
                : domain.Uuid == record.Id)
                throw NotFound(name, $"The machine that was made as '{name}' is now called '{domain.Name}'.");
        }

        await directories.DeleteAsync(files, ct).ConfigureAwait(false);
        return new VmResult
        {
            Name = name,
            Id = record?.Id.ToString("D") ?? "",
            Image = record?.Image ?? "",
            ImageId = record?.ImageId ?? "",
            State = MachineState.Off,
            DiskSizeBytes = record?.DiskSizeBytes ?? 0,
            DiskPath = files.Disk,
            LinkedClone = record?.LinkedClone ?? false,
            Created = record?.Created ?? "",
        };
    }

    private static HypervisorException NotFound(string name, string? message = null) =>
        new("VmNotFound", name, message ?? $"The host has no machine '{name}' that was made from an image.");
}
