using ImageFabric.Hypervisors.Kvm;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.Kvm;

/// <summary>Which files machines need, so that nobody removes them.</summary>
public sealed class DiskUseTests : IDisposable
{
    private static readonly Guid Other = Guid.Parse("00000000-0000-4000-8000-000000000002");

    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    [ToolFact("bash")]
    public async Task A_linked_clone_needs_its_disk_and_its_base()
    {
        VmResult made = await _host.CreateAsync("web01");
        _host.Set("chain-disk.qcow2", Chain(made.DiskPath, _host.Base));
        IReadOnlyList<DiskUse> uses = await _host.Hypervisor.DiskUsesAsync(CancellationToken.None);
        Assert.Contains(new DiskUse(made.DiskPath, "web01"), uses);
        Assert.Contains(new DiskUse(_host.Base, "web01"), uses);
    }

    [ToolFact("bash")]
    public async Task A_machine_that_somebody_else_made_needs_what_its_disk_is_based_on_over_several_steps()
    {
        string disk = DiskFile("other.qcow2");
        _host.AddDomain(Other, "theirs", Domain("theirs", disk, "qcow2"));
        _host.Set("chain-other.qcow2", Chain(disk, "/somewhere/between.qcow2", _host.Base));
        IReadOnlyList<DiskUse> uses = await _host.Hypervisor.DiskUsesAsync(CancellationToken.None);
        Assert.Equal(new[] { disk, "/somewhere/between.qcow2", _host.Base }.Order(), uses.Where(u => u.Machine == "theirs").Select(u => u.Path).Order());
    }

    [ToolFact("bash")]
    public async Task A_volume_of_a_storage_pool_is_needed_with_what_it_is_based_on()
    {
        string disk = DiskFile("volume.qcow2");
        _host.AddDomain(Other, "theirs", "<domain type='qemu'><name>theirs</name><devices><disk type='volume' device='disk'><driver name='qemu' type='qcow2'/>"
            + "<source pool='guests' volume='theirs.qcow2'/></disk></devices></domain>");
        _host.Set("volume-guests-theirs.qcow2", disk + "\n");
        _host.Set("chain-volume.qcow2", Chain(disk, _host.Base));
        IReadOnlyList<DiskUse> uses = await _host.Hypervisor.DiskUsesAsync(CancellationToken.None);
        Assert.Equal(new[] { disk, _host.Base }.Order(), uses.Where(u => u.Machine == "theirs").Select(u => u.Path).Order());
    }

    [ToolFact("bash")]
    public async Task A_volume_whose_path_cannot_be_told_is_an_error_and_not_free()
    {
        _host.AddDomain(Other, "theirs", "<domain type='qemu'><name>theirs</name><devices><disk type='volume'><source pool='asleep' volume='x'/></disk></devices></domain>");
        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => _host.Hypervisor.DiskUsesAsync(CancellationToken.None));
        Assert.Equal("HypervisorFailed", error.Id);
        Assert.Contains("asleep", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("flags\t\t: fpu sse2", false, "the processor offers no virtualisation", "firmware")]
    [InlineData("flags\t\t: fpu vmx sse2", false, "there is no", "kvm_intel")]
    [InlineData("flags\t\t: fpu svm sse2", false, "there is no", "kvm_amd")]
    [InlineData("flags\t\t: fpu svm sse2", true, "libvirt does not use", "restart libvirtd")]
    public void Why_there_is_no_hardware_virtualisation_is_said_with_what_to_do(string flags, bool hasDevice, string why, string action)
    {
        string device = Path.Combine(_host.ImageDirectory, "kvm");
        if (hasDevice)
            File.WriteAllText(device, "");
        string processor = Path.Combine(_host.ImageDirectory, "cpuinfo");
        File.WriteAllText(processor, $"processor\t: 0\n{flags}\n");
        (string said, string recommended) = HostExamination.WhyNoHardware(processor, device);
        Assert.Contains(why, said, StringComparison.Ordinal);
        Assert.Contains(action, recommended, StringComparison.Ordinal);
    }

    [ToolFact("bash")]
    public async Task What_a_machine_gets_at_its_next_start_is_needed_too()
    {
        _host.AddDomain(Other, "theirs", Domain("theirs", DiskFile("now.raw"), "raw"));
        _host.SetInactive(Other, Domain("theirs", _host.Base, "raw"));
        IReadOnlyList<DiskUse> uses = await _host.Hypervisor.DiskUsesAsync(CancellationToken.None);
        Assert.Contains(new DiskUse(_host.Base, "theirs"), uses);
        Assert.Contains(uses, u => u.Path.EndsWith("now.raw", StringComparison.Ordinal));
    }

    [ToolFact("bash")]
    public async Task A_machine_that_libvirt_lost_still_needs_its_base()
    {
        VmResult made = await _host.CreateAsync("web01");
        _host.Forget(made.Id);
        Assert.Contains(new DiskUse(_host.Base, "web01"), await _host.Hypervisor.DiskUsesAsync(CancellationToken.None));
    }

    [ToolFact("bash")]
    public async Task A_full_clone_needs_only_its_disk()
    {
        VmResult made = await _host.CreateAsync("web01", r => r.FullClone = true);
        _host.Set("chain-disk.qcow2", Chain(made.DiskPath));
        Assert.DoesNotContain(await _host.Hypervisor.DiskUsesAsync(CancellationToken.None), u => u.Path == _host.Base);
    }

    [ToolFact("bash")]
    public async Task A_disk_whose_chain_cannot_be_told_is_an_error_and_not_free()
    {
        string disk = DiskFile("other.qcow2");
        _host.AddDomain(Other, "theirs", Domain("theirs", disk, "qcow2"));
        _host.Set("before-info", "Could not open backing file: No such file or directory");
        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => _host.Hypervisor.DiskUsesAsync(CancellationToken.None));
        Assert.Equal(("HypervisorFailed", disk), (error.Id, error.Target));
    }

    [ToolFact("bash")]
    public async Task A_host_is_examined_check_by_check()
    {
        IReadOnlyList<HostTestResult> results = await _host.Hypervisor.TestAsync(CancellationToken.None);
        Assert.Equal(
            [("Hypervisor", "Passed"), ("Virtualization", "Warning"), ("Firmware", "Warning"), ("Network", "Passed"), ("DiskTool", "Passed")],
            results.Select(r => (r.Check, r.Status)));
        Assert.Contains("9.0.0", results[0].Message, StringComparison.Ordinal);
        Assert.Contains("7.2.0", results[^1].Message, StringComparison.Ordinal);
        Assert.All(results, r => Assert.Equal(r.Status == HostTestResult.Passed, r.RecommendedAction is null));
    }

    [ToolFact("bash")]
    public async Task A_host_with_everything_passes()
    {
        _host.Set("capabilities.xml", FakeHost.Capabilities("qemu", "kvm"));
        _host.Set("domcapabilities.xml", "<domainCapabilities><os><enum name='firmware'><value>bios</value><value>efi</value></enum></os></domainCapabilities>");
        Assert.All(await _host.Hypervisor.TestAsync(CancellationToken.None), r => Assert.Equal(HostTestResult.Passed, r.Status));
    }

    [ToolFact("bash")]
    public async Task A_host_whose_libvirt_is_silent_fails_one_check_and_not_the_examination()
    {
        _host.Set("before-version", "failed to connect to the hypervisor");
        IReadOnlyList<HostTestResult> results = await _host.Hypervisor.TestAsync(CancellationToken.None);
        Assert.Equal([("Hypervisor", "Failed"), ("DiskTool", "Passed")], results.Select(r => (r.Check, r.Status)));
        Assert.NotEmpty(results[0].RecommendedAction!);
    }

    private string DiskFile(string name)
    {
        string path = Path.Combine(_host.ImageDirectory, name);
        File.WriteAllText(path, "disk");
        return path;
    }

    private static string Domain(string name, string file, string format) =>
        $"<domain type='qemu'><name>{name}</name><devices><disk type='file' device='disk'><driver name='qemu' type='{format}'/><source file='{file}'/></disk></devices></domain>";

    private static string Chain(params string[] files) => $"[{string.Join(",", files.Select(f => $"{{\"filename\": \"{f}\", \"format\": \"qcow2\"}}"))}]";
}
