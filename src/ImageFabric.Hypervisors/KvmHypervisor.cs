using ImageFabric.Hypervisors.Kvm;
using ImageFabric.Hypervisors.Machines;
using ImageFabric.Hypervisors.Tools;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors;

/// <summary>
/// KVM, or QEMU's emulation where the host has none, through libvirt's virsh and qemu-img on this host: <c>qemu:///system</c> for root,
/// <c>qemu:///session</c> for others.
/// </summary>
public sealed class KvmHypervisor : IHypervisor
{
    private static readonly TimeSpan AddressInterval = TimeSpan.FromMilliseconds(500);

    private readonly MachineCreation _creation;
    private readonly MachineListing _listing;
    private readonly MachineRemoval _removal;
    private readonly DiskChains _chains;
    private readonly HostExamination _examination;

    /// <summary>Works on the machines of one image directory; nothing is looked at or made yet.</summary>
    /// <param name="imageDirectory">The host's image directory. The files of a machine are in <c>vms/NAME</c> in it.</param>
    public KvmHypervisor(string imageDirectory)
        : this(imageDirectory, new Virsh(Environment.IsPrivilegedProcess ? "qemu:///system" : "qemu:///session"), new QemuImg(), AddressInterval)
    {
    }

    internal KvmHypervisor(string imageDirectory, Virsh virsh, QemuImg qemuImg, TimeSpan addressInterval)
    {
        var directories = new MachineDirectories(Path.TrimEndingDirectorySeparator(Path.GetFullPath(imageDirectory)), "disk.qcow2");
        var reader = new DomainReader(virsh, directories);
        _creation = new MachineCreation(virsh, qemuImg, directories, reader, new AddressWait(reader, addressInterval));
        _listing = new MachineListing(virsh, reader);
        _removal = new MachineRemoval(virsh, directories, reader);
        _chains = new DiskChains(virsh, qemuImg, directories);
        _examination = new HostExamination(virsh, qemuImg);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ImageFormats { get; } = ["raw", "qcow2"];

    /// <inheritdoc/>
    public Task<VmResult> CreateAsync(VmCreateRequest request, BaseImage image, Action<string> warn, CancellationToken ct) =>
        _creation.CreateAsync(request, image, ImageFormats, warn, ct);

    /// <inheritdoc/>
    public Task<IReadOnlyList<VmResult>> ListAsync(string? namePattern, CancellationToken ct) => _listing.ListAsync(namePattern, ct);

    /// <inheritdoc/>
    public Task<VmResult> RemoveAsync(string name, bool force, CancellationToken ct) => _removal.RemoveAsync(name, force, ct);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DiskUse>> DiskUsesAsync(CancellationToken ct) => _chains.AllAsync(ct);

    /// <inheritdoc/>
    public Task<IReadOnlyList<HostTestResult>> TestAsync(CancellationToken ct) => _examination.RunAsync(ct);
}
