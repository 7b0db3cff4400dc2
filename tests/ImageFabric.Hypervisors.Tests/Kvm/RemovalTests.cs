using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.Kvm;

public sealed class RemovalTests : IDisposable
{
    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    [ToolFact("bash")]
    public async Task A_machine_goes_with_its_files_and_the_base_stays()
    {
        VmResult made = await _host.CreateAsync("web01");
        VmResult removed = await RemoveAsync("web01");
        Assert.Equal((made.Id, made.Image, "Off"), (removed.Id, removed.Image, removed.State));
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_running_machine_goes_only_by_force()
    {
        await _host.CreateAsync("web01", r => r.Start = true);
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web01"));
        Assert.Equal("VmRunning", e.Id);
        Assert.Equal(["web01"], _host.Domains);
        Assert.True(Directory.Exists(_host.DirectoryOf("web01")));

        Assert.Equal("Off", (await RemoveAsync("web01", force: true)).State);
        _host.AssertNothingLeft();
    }

    [ToolTheory("bash")]
    [InlineData("paused")]
    [InlineData("crashed")]
    [InlineData("something new")]
    public async Task A_machine_that_is_not_known_to_be_off_counts_as_running(string state)
    {
        VmResult made = await _host.CreateAsync("web01");
        _host.SetState(made.Id, state);
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web01"));
        Assert.Equal("VmRunning", e.Id);
    }

    [ToolTheory("bash")]
    [InlineData("nosuch")]
    [InlineData(FakeHost.Foreign)]
    public async Task A_machine_that_is_not_ours_is_not_found(string name)
    {
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync(name, force: true));
        Assert.Equal(("VmNotFound", name), (e.Id, e.Target));
        Assert.False(_host.Ran("destroy"));
        Assert.False(_host.Ran("undefine"));
        _host.AssertNothingLeft();
    }

    [ToolTheory("bash")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_copy_of_a_machine_that_has_its_mark_takes_nothing_of_it_along(bool recordIsDamaged)
    {
        // As virt-clone does it: the same metadata, another name, another UUID.
        VmResult made = await _host.CreateAsync("web01", r => r.Start = true);
        var copy = Guid.NewGuid();
        _host.AddDomain(copy, "web02", _host.DefinitionOf(made.Id).Replace(made.Id, copy.ToString("D"), StringComparison.Ordinal).Replace("<name>web01<", "<name>web02<", StringComparison.Ordinal)
            .Replace($"id=\"{copy:D}\"", $"id=\"{made.Id}\"", StringComparison.Ordinal));
        if (recordIsDamaged)
            await File.WriteAllTextAsync(Path.Combine(_host.DirectoryOf("web01"), "vm.json"), "");

        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web02", force: true));

        Assert.Equal("VmNotFound", e.Id);
        Assert.Equal(["web01", "web02"], _host.Domains.Order());
        Assert.True(File.Exists(Path.Combine(_host.DirectoryOf("web01"), "disk.qcow2")));
        Assert.Equal("Off", (await RemoveAsync("web01", force: true)).State);
    }

    [ToolFact("bash")]
    public async Task A_machine_of_another_image_directory_is_not_found()
    {
        VmResult made = await _host.CreateAsync("web01");
        using var elsewhere = new TemporaryDirectory();
        var other = new KvmHypervisor(elsewhere.Path, _host.Virsh, new("qemu-img"), TimeSpan.Zero);
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => other.RemoveAsync("web01", force: true, CancellationToken.None));
        Assert.Equal("VmNotFound", e.Id);
        Assert.Empty(await other.ListAsync(null, CancellationToken.None));
        Assert.True(File.Exists(made.DiskPath));
    }

    [ToolFact("bash")]
    public async Task A_mark_that_names_a_directory_outside_is_not_believed()
    {
        VmResult made = await _host.CreateAsync("web01");
        string xml = _host.DefinitionOf(made.Id).Replace(_host.DirectoryOf("web01"), Path.Combine(_host.ImageDirectory, "vms", ".."), StringComparison.Ordinal);
        _host.AddDomain(Guid.Parse(made.Id), "web01", xml);
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web01", force: true));
        Assert.Equal("VmNotFound", e.Id);
        Assert.True(File.Exists(_host.Base));
    }

    [ToolFact("bash")]
    public async Task What_a_killed_creation_left_is_removed()
    {
        Directory.CreateDirectory(_host.DirectoryOf("web01"));
        File.WriteAllText(Path.Combine(_host.DirectoryOf("web01"), "disk.qcow2"), "half a disk");
        Assert.Equal("web01", (await RemoveAsync("web01")).Name);
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task The_files_of_a_domain_that_was_undefined_by_hand_are_removed_and_described()
    {
        VmResult made = await _host.CreateAsync("web01");
        _host.Forget(made.Id);
        VmResult removed = await RemoveAsync("web01");
        Assert.Equal((made.Id, made.Image, made.ImageId, true), (removed.Id, removed.Image, removed.ImageId, removed.LinkedClone));
        _host.AssertNothingLeft();
    }

    /// <summary>Two hosts with one image directory: what this host's hypervisor does not have may run on the other.</summary>
    [ToolFact("bash")]
    public async Task The_files_of_another_hosts_machine_go_only_by_force()
    {
        VmResult made = await _host.CreateAsync("web01");
        _host.Forget(made.Id);
        string record = Path.Combine(_host.DirectoryOf("web01"), "vm.json");
        string text = await File.ReadAllTextAsync(record);
        Assert.Contains($"\"host\": \"{Environment.MachineName}\"", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(record, text.Replace($"\"{Environment.MachineName}\"", "\"kvm99\"", StringComparison.Ordinal));

        HypervisorException removal = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web01"));
        HypervisorException creation = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync("web01"));
        Assert.Equal(("VmBelongsToAnotherHost", "VmBelongsToAnotherHost"), (removal.Id, creation.Id));
        Assert.Contains("kvm99", removal.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(made.DiskPath));

        await RemoveAsync("web01", force: true);
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_machine_whose_record_a_power_failure_emptied_can_be_removed_by_force()
    {
        VmResult made = await _host.CreateAsync("web01");
        string record = Path.Combine(_host.DirectoryOf("web01"), "vm.json");
        await File.WriteAllTextAsync(record, "");
        _host.Rename(made.Id, "web02");
        Assert.Equal("VmNotFound", (await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web01", force: true))).Id);
        Assert.True(File.Exists(made.DiskPath));

        _host.Forget(made.Id);
        Assert.Equal("HypervisorFailed", (await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web01"))).Id);
        await RemoveAsync("web01", force: true);
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_domain_whose_files_were_removed_by_hand_is_removed()
    {
        await _host.CreateAsync("web01");
        Directory.Delete(_host.DirectoryOf("web01"), recursive: true);
        await RemoveAsync("web01");
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_renamed_machine_keeps_its_files_until_it_is_removed_by_its_new_name()
    {
        VmResult made = await _host.CreateAsync("web01");
        _host.Rename(made.Id, "web02");
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web01"));
        Assert.Equal("VmNotFound", e.Id);
        Assert.Contains("web02", e.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(made.DiskPath));

        await RemoveAsync("web02");
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_machine_that_another_process_is_making_is_not_removed()
    {
        string theirs = Directory.CreateDirectory(_host.DirectoryOf("web01")).FullName;
        using var held = new FileStream(Path.Combine(theirs, "lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web01", force: true));
        Assert.Equal("VmRunning", e.Id);
        Assert.True(Directory.Exists(theirs));
    }

    [ToolTheory("bash")]
    [InlineData("destroy")]
    [InlineData("undefine")]
    public async Task A_removal_that_failed_can_be_repeated(string step)
    {
        await _host.CreateAsync("web01", r => r.Start = true);
        _host.Set($"before-{step}", "not now");
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync("web01", force: true));
        Assert.Equal($"virsh {step}: not now", e.Message);
        Assert.True(Directory.Exists(_host.DirectoryOf("web01")));

        _host.Unset($"before-{step}");
        await RemoveAsync("web01", force: true);
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_machine_that_went_off_by_itself_just_before_is_removed()
    {
        await _host.CreateAsync("web01", r => r.Start = true);
        _host.Set("after-destroy", "Requested operation is not valid: domain is not running");
        await RemoveAsync("web01", force: true);
        _host.AssertNothingLeft();
    }

    [ToolTheory("bash")]
    [InlineData("")]
    [InlineData("../base.raw")]
    [InlineData("..")]
    [InlineData("-all")]
    public async Task A_name_that_is_none_is_refused(string name)
    {
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => RemoveAsync(name, force: true));
        Assert.Equal("InvalidRequest", e.Id);
        Assert.Empty(_host.Log);
    }

    private Task<VmResult> RemoveAsync(string name, bool force = false) => _host.Hypervisor.RemoveAsync(name, force, CancellationToken.None);
}
