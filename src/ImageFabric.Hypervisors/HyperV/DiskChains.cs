using ImageFabric.Hypervisors.Machines;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>
/// Which files the machines of this host need, whoever made them: every disk with the differencing chain below it, those of checkpoints too, and the base
/// images of our own machines that Hyper-V has lost.
/// </summary>
internal sealed class DiskChains(HyperVModule module, MachineDirectories directories)
{
    /// <summary>See <see cref="IHypervisor.DiskUsesAsync"/>.</summary>
    public async Task<IReadOnlyList<DiskUse>> AllAsync(CancellationToken ct)
    {
        IReadOnlyList<FileUseDescription> uses = await module.UsesAsync(ct).ConfigureAwait(false);
        return
        [
            .. uses.Select(static use => new DiskUse(Path.GetFullPath(use.Path), use.Machine))
                .Concat(directories.Records().Where(static record => record.LinkedClone).Select(static record => new DiskUse(record.BaseImage, record.Name)))
                .Distinct(),
        ];
    }
}
