using System.Xml.Linq;
using ImageFabric.Hypervisors.Machines;
using ImageFabric.Hypervisors.Tools;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>
/// Which files the machines of this host need, whoever made them: the disks of every domain with all that they are based on, and the base images of
/// our own machines that libvirt has lost.
/// </summary>
internal sealed class DiskChains(Virsh virsh, QemuImg qemuImg, MachineDirectories directories)
{
    private const int AtOnce = 4;

    /// <summary>See <see cref="IHypervisor.DiskUsesAsync"/>.</summary>
    public async Task<IReadOnlyList<DiskUse>> AllAsync(CancellationToken ct)
    {
        var uses = new HashSet<DiskUse>();
        IReadOnlyList<DomainReference> domains = await virsh.DomainsAsync(ct).ConfigureAwait(false);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct };
        await Parallel.ForEachAsync(domains, options, async (domain, token) =>
        {
            IReadOnlyList<string> files = await FilesOfAsync(domain, token).ConfigureAwait(false);
            lock (uses)
                uses.UnionWith(files.Select(file => new DiskUse(Path.GetFullPath(file), domain.Name)));
        }).ConfigureAwait(false);
        foreach (MachineRecord record in directories.Records().Where(static record => record.LinkedClone))
            uses.Add(new DiskUse(record.BaseImage, record.Name));
        return [.. uses];
    }

    // What a running domain has open now, and what it will have at its next start.
    private async Task<IReadOnlyList<string>> FilesOfAsync(DomainReference domain, CancellationToken ct)
    {
        var files = new HashSet<string>();
        var tops = new HashSet<(string File, string Format)>();
        foreach (bool inactive in new[] { false, true })
        {
            if (await virsh.DefinitionAsync(domain.Uuid, inactive, ct).ConfigureAwait(false) is not { } definition)
                continue;
            foreach (XElement disk in definition.Root?.Element("devices")?.Elements("disk") ?? [])
            {
                foreach (XElement source in disk.Descendants("source"))
                {
                    if (await FileOfAsync(source, ct).ConfigureAwait(false) is not { } file)
                        continue;
                    files.Add(file);
                    if (source.Parent == disk)
                        tops.Add((file, (string?)disk.Element("driver")?.Attribute("type") ?? "raw"));
                }
            }
        }

        // The definition of a domain that is off says nothing of what its disks are based on.
        foreach ((string file, string format) in tops)
        {
            if (format != "raw" && File.Exists(file))
                files.UnionWith(await qemuImg.ChainAsync(file, format, ct).ConfigureAwait(false));
        }

        return [.. files];
    }

    // A file, a device, or a volume of a storage pool, whose path libvirt knows as long as the pool is active.
    private async Task<string?> FileOfAsync(XElement source, CancellationToken ct)
    {
        if (((string?)source.Attribute("file") ?? (string?)source.Attribute("dev")) is { } file)
            return file;
        return (string?)source.Attribute("pool") is { } pool && (string?)source.Attribute("volume") is { } volume
            ? await virsh.VolumePathAsync(pool, volume, ct).ConfigureAwait(false)
            : null;
    }
}
