using ImageFabric.Hypervisors.HyperV;
using ImageFabric.Hypervisors.Machines;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors;

/// <summary>Hyper-V through the module in the box, in Windows PowerShell on this host.</summary>
public sealed class HyperVHypervisor : IHypervisor
{
    private static readonly TimeSpan AddressInterval = TimeSpan.FromSeconds(1);

    private readonly MachineCreation _creation;
    private readonly MachineListing _listing;
    private readonly MachineRemoval _removal;
    private readonly DiskChains _chains;
    private readonly HostExamination _examination;

    /// <summary>Works on the machines of one image directory; nothing is looked at or made yet.</summary>
    /// <param name="imageDirectory">The host's image directory. The files of a machine are in <c>vms\NAME</c> in it.</param>
    /// <param name="copy">Copies an image file into a new file.</param>
    public HyperVHypervisor(string imageDirectory, Func<string, string, CancellationToken, Task> copy)
        : this(imageDirectory, copy, new HyperVModule(HyperVModule.WindowsPowerShell), AddressInterval)
    {
    }

    internal HyperVHypervisor(string imageDirectory, Func<string, string, CancellationToken, Task> copy, HyperVModule module, TimeSpan addressInterval)
    {
        var directories = new MachineDirectories(Path.TrimEndingDirectorySeparator(Path.GetFullPath(imageDirectory)), "disk.vhdx");
        _creation = new MachineCreation(module, directories, copy, addressInterval);
        _listing = new MachineListing(module, directories);
        _removal = new MachineRemoval(module, directories);
        _chains = new DiskChains(module, directories);
        _examination = new HostExamination(module);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ImageFormats { get; } = ["vhdx", "vhdx-fixed"];

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
