using System.Globalization;
using System.Xml.Linq;
using ImageFabric.Hypervisors.Machines;
using ImageFabric.Hypervisors.Tools;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>Describes domains that are machines of ours.</summary>
/// <param name="virsh">The way to libvirt.</param>
/// <param name="directories">The machines' directories.</param>
internal sealed class DomainReader(Virsh virsh, MachineDirectories directories)
{
    // What libvirt itself handed out comes first: it is right and costs nothing to ask for.
    private static readonly string[] AddressSources = ["lease", "agent", "arp"];

    /// <summary>The files of a domain; null when there is no such domain or it is not one of ours.</summary>
    public async Task<MachineFiles?> FilesAsync(Guid domain, CancellationToken ct) =>
        await virsh.DefinitionAsync(domain, ct).ConfigureAwait(false) is { } definition && DomainMark.Of(definition) is { } mark
            ? FilesOf(mark, domain)
            : null;

    /// <summary>Describes a domain; null when there is no such domain or it is not one of ours.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="withAddresses">Whether to ask for the addresses of one that runs.</param>
    /// <param name="diskSize">The size of its disk where that is known. Null: it is asked for.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<VmResult?> DescribeAsync(Guid domain, bool withAddresses, long? diskSize, CancellationToken ct)
    {
        // Each question is a process of its own, and none needs another's answer.
        Task<XDocument?> askingDefinition = virsh.DefinitionAsync(domain, ct);
        Task<string?> askingState = StateAsync(domain, ct);
        Task<long?> askingSize = diskSize is null ? virsh.DiskSizeAsync(domain, DomainXml.DiskTarget, ct) : Task.FromResult(diskSize);
        await Task.WhenAll(askingDefinition, askingState, askingSize).ConfigureAwait(false);
        if (await askingDefinition.ConfigureAwait(false) is not { } definition
            || DomainMark.Of(definition) is not { } mark
            || FilesOf(mark, domain) is not { } files
            || await askingState.ConfigureAwait(false) is not { } state)
        {
            return null;
        }
        XElement root = definition.Root!;
        XElement? devices = root.Element("devices");
        return new VmResult
        {
            Name = mark.Record.Name,
            Id = domain.ToString("D"),
            Image = mark.Record.Image,
            ImageId = mark.Record.ImageId,
            State = state,
            Virtualization = (string?)root.Attribute("type") ?? "",
            Cpu = (int?)root.Element("vcpu") ?? 0,
            MemoryBytes = Bytes(root.Element("memory")),
            DiskSizeBytes = await askingSize.ConfigureAwait(false) ?? mark.Record.DiskSizeBytes,
            DiskPath = files.Disk,
            LinkedClone = mark.Record.LinkedClone,
            Addresses = withAddresses && state == MachineState.Running ? [.. await AddressesAsync(domain, ct).ConfigureAwait(false)] : null,
            ConsolePath = (string?)devices?.Element("serial")?.Element("log")?.Attribute("file"),
            Created = mark.Record.Created,
        };
    }

    /// <summary>The files that a mark names, if they are this domain's. A domain that was copied has a copy of the mark, and the files are the other's.</summary>
    private MachineFiles? FilesOf(DomainMark mark, Guid domain)
    {
        if (directories.FilesIn(mark.Directory) is not { } files)
            return null;
        Guid? owner = MachineRecord.TryReadId(files.Record) ?? mark.MadeFor;
        return owner is null || owner == domain ? files : null;
    }

    /// <summary>A domain's state, one of <see cref="MachineState"/>; null when there is no such domain.</summary>
    public async Task<string?> StateAsync(Guid domain, CancellationToken ct) =>
        await virsh.StateAsync(domain, ct).ConfigureAwait(false) is { } state ? MachineState.FromLibvirt(state) : null;

    /// <summary>Addresses of a running domain by the first source that knows any.</summary>
    public async Task<IReadOnlyList<string>> AddressesAsync(Guid domain, CancellationToken ct)
    {
        foreach (string source in AddressSources)
        {
            IReadOnlyList<string> addresses = await virsh.AddressesAsync(domain, source, ct).ConfigureAwait(false);
            if (addresses.Count > 0)
                return addresses;
        }
        return [];
    }

    // libvirt writes KiB, whatever unit it was given.
    private static long Bytes(XElement? memory) =>
        memory is not null && (string?)memory.Attribute("unit") is null or "KiB"
        && long.TryParse(memory?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes)
            ? kibibytes * 1024
            : 0;
}
