using ImageFabric.Engine.Host;
using ImageFabric.Engine.Output;
using ImageFabric.Hypervisors;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;

namespace ImageFabric.Engine.Operations;

/// <summary>On a host: makes, lists and removes virtual machines.</summary>
internal static class HostVmOperations
{
    public static async Task CreateAsync(VmCreateRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        ImageReference reference = Images.Parse(request.Image);
        var directory = new HostImageDirectory(request.ImageDirectory);
        HostImageRecord? record = directory.Find(reference);
        IHypervisor hypervisor = Hypervisor(directory);
        string? preferred = hypervisor.ImageFormats.Contains(record?.Format) ? record?.Format : hypervisor.ImageFormats[0];
        if (record is null || !ImageId.TryParse(record.ImageId, out ImageId id) || directory.FindFormat(id, preferred) is not { } format)
            throw new OperationException("ImageNotOnHost", reference.ToString(), $"The host does not have {reference}.");

        // From here to its definition nobody may remove what the machine will be based on.
        using IDisposable hold = directory.TryHold(id)
            ?? throw new OperationException("ImageNotOnHost", reference.ToString(), $"{reference} is just being removed from the host.");
        if (!File.Exists(directory.ImagePath(id, format)))
            throw new OperationException("ImageNotOnHost", reference.ToString(), $"The host does not have {reference}.");
        directory.Touch(id);
        var image = new BaseImage(directory.ImagePath(id, format), format, record.ImageId, record.VirtualSize, $"{record.Name}:{record.Version}") { BootMode = record.BootMode, GuestSystem = record.GuestSystem, SectorSize = record.SectorSize ?? 512 };
        output.Result(await hypervisor.CreateAsync(request, image, output.Warning, cancellationToken).ConfigureAwait(false));
    }

    public static async Task ListAsync(VmListRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        foreach (VmResult machine in await Hypervisor(new HostImageDirectory(request.ImageDirectory)).ListAsync(request.Name, cancellationToken).ConfigureAwait(false))
            output.Result(machine);
    }

    public static async Task RemoveAsync(VmRemoveRequest request, IEventOutput output, CancellationToken cancellationToken) =>
        output.Result(await Hypervisor(new HostImageDirectory(request.ImageDirectory)).RemoveAsync(request.Name, request.Force, cancellationToken).ConfigureAwait(false));

    /// <summary>The hypervisor of this host.</summary>
    /// <exception cref="OperationException"><c>HostNotSupported</c>.</exception>
    public static IHypervisor Hypervisor(HostImageDirectory directory) =>
        OperatingSystem.IsLinux() ? new KvmHypervisor(directory.Root)
        : OperatingSystem.IsWindows() ? new HyperVHypervisor(directory.Root, DiskCopy.MakeAsync)
        : throw new OperationException("HostNotSupported", Environment.MachineName, "Virtual machines are made on Linux hosts with libvirt and on Windows hosts with Hyper-V.");
}
