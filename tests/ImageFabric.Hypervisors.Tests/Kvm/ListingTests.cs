using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.Kvm;

public sealed class ListingTests : IDisposable
{
    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    [ToolFact("bash")]
    public async Task Machines_are_listed_by_name_and_others_are_not()
    {
        await _host.CreateAsync("web02");
        await _host.CreateAsync("db", r => r.Start = true);
        await _host.CreateAsync("web01");
        Directory.CreateDirectory(_host.DirectoryOf("left"));
        IReadOnlyList<VmResult> all = await ListAsync(null);
        Assert.Equal(["db", "web01", "web02"], all.Select(m => m.Name));
        Assert.Equal(["Running", "Off", "Off"], all.Select(m => m.State));
        Assert.Equal([[], null, null], all.Select(m => m.Addresses));
    }

    [ToolTheory("bash")]
    [InlineData("*", "db", "web01", "web02")]
    [InlineData("web*", "web01", "web02")]
    [InlineData("web0?", "web01", "web02")]
    [InlineData("?b", "db")]
    [InlineData("WEB01")]
    [InlineData("web01", "web01")]
    [InlineData("foreign")]
    public async Task A_pattern_chooses_by_name(string pattern, params string[] expected)
    {
        foreach (string name in new[] { "web02", "db", "web01" })
            await _host.CreateAsync(name);
        Assert.Equal(expected, (await ListAsync(pattern)).Select(m => m.Name));
    }

    [ToolTheory("bash")]
    [InlineData("running", "Running")]
    [InlineData("idle", "Running")]
    [InlineData("in shutdown", "Running")]
    [InlineData("paused", "Paused")]
    [InlineData("pmsuspended", "Paused")]
    [InlineData("shut off", "Off")]
    [InlineData("crashed", "Crashed")]
    [InlineData("something new", "Unknown")]
    public async Task States_are_the_protocols_own(string libvirt, string expected)
    {
        VmResult made = await _host.CreateAsync("web01");
        _host.SetState(made.Id, libvirt);
        Assert.Equal(expected, Assert.Single(await ListAsync(null)).State);
    }

    [ToolFact("bash")]
    public async Task A_machine_whose_disk_cannot_be_asked_for_is_listed_with_the_size_it_was_made_with()
    {
        await _host.CreateAsync("web01", r => r.DiskSizeBytes = 2 << 20);
        _host.Set("before-domblkinfo", "cannot access storage file");
        Assert.Equal(2 << 20, Assert.Single(await ListAsync(null)).DiskSizeBytes);
    }

    [ToolFact("bash")]
    public async Task A_libvirt_that_does_not_answer_is_an_error_and_not_an_empty_list()
    {
        _host.Set("before-list", "failed to connect to the hypervisor");
        Assert.Equal("HypervisorUnavailable", (await Assert.ThrowsAsync<HypervisorException>(() => ListAsync(null))).Id);
    }

    [Fact]
    public async Task Without_virsh_the_error_says_what_to_install()
    {
        using var directory = new TemporaryDirectory();
        var hypervisor = new KvmHypervisor(directory.Path, new("qemu:///system", directory.File("virsh")), new("qemu-img"), TimeSpan.Zero);
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => hypervisor.ListAsync(null, CancellationToken.None));
        Assert.Equal(("HypervisorUnavailable", "virsh"), (e.Id, e.Target));
        Assert.Contains("libvirt-clients", e.Message, StringComparison.Ordinal);
    }

    private Task<IReadOnlyList<VmResult>> ListAsync(string? pattern) => _host.Hypervisor.ListAsync(pattern, CancellationToken.None);
}
