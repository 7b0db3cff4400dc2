using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.HyperV;

/// <summary>Whatever step of a creation fails, nothing is left of it, and the very same request succeeds afterwards.</summary>
public sealed class UndoTests : IDisposable
{
    private readonly StandInHost _host = new();

    // Together these two take every step that there is.
    private static VmCreateRequest Linked => new()
    {
        Name = "web01", Image = "tiny:v1", Network = "lan", Vlan = 7, MacAddress = "00155d010203", SecureBoot = "Windows", Tpm = true, DiskSizeBytes = 2 << 20, Start = true,
    };

    private static VmCreateRequest Full => new() { Name = "web01", Image = "tiny:v1", Network = "none", Firmware = "BIOS", FullClone = true, DiskSizeBytes = 2 << 20, Start = true };

    [ToolFact("pwsh")]
    public Task Every_failing_step_of_a_linked_clone_of_generation_2_is_undone() => EveryStepAsync(Linked);

    [ToolFact("pwsh")]
    public Task Every_failing_step_of_a_full_clone_of_generation_1_is_undone() => EveryStepAsync(Full);

    [ToolTheory("pwsh")]
    [InlineData("Get-VMSwitch")]
    [InlineData("Get-VHD")]
    [InlineData("Get-VMDvdDrive")]
    [InlineData("Get-VMHardDiskDrive")]
    [InlineData("Get-VMNetworkAdapter")]
    public async Task A_look_that_fails_in_mid_work_is_undone_too(string cmdlet)
    {
        _host.Fail(cmdlet, "before");
        VmCreateRequest request = Linked;
        request.BootOrder = ["Disk", "Network"];
        var error = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync(request));
        Assert.Equal(("HypervisorFailed", "web01"), (error.Id, error.Target));
        Assert.Contains(cmdlet, error.Message);
        Assert.Empty(_host.Machines);
        Assert.Empty(_host.Left);
    }

    [ToolTheory("pwsh")]
    [InlineData("seed.iso", false)]
    [InlineData("vm.json", true)]
    public async Task A_file_that_cannot_be_written_is_undone(string file, bool afterHyperV)
    {
        // What is in the file's place keeps it from being there.
        HyperVHypervisor host = _host.With((_, to, _) =>
        {
            File.WriteAllBytes(to, SmallVhdx.Of(StandInHost.ImageSize));
            Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(to)!, file, "taken"));
            return Task.CompletedTask;
        });
        var error = await Assert.ThrowsAsync<HypervisorException>(() => host.CreateAsync(Full, _host.Image, _host.Warnings.Add, default));
        Assert.Equal(("HostWriteFailed", "web01", afterHyperV), (error.Id, error.Target, _host.Calls.Contains("Start-VM")));
        Assert.Empty(_host.Machines);
        Assert.Empty(_host.Left);
    }

    [ToolTheory("pwsh")]
    [InlineData(unchecked((int)0x80070070), "HostDiskFull")]
    [InlineData(unchecked((int)0x80070005), "HostWriteFailed")]
    public async Task A_copy_that_fails_is_undone_with_the_id_that_it_has_on_other_hypervisors(int code, string id)
    {
        HyperVHypervisor host = _host.With((_, to, _) =>
        {
            File.WriteAllText(to, "half");
            throw new IOException("the copy fails", code);
        });
        var error = await Assert.ThrowsAsync<HypervisorException>(() => host.CreateAsync(Full, _host.Image, _host.Warnings.Add, default));
        Assert.Equal((id, "web01"), (error.Id, error.Target));
        Assert.Empty(_host.Left);
        Assert.Empty(_host.Calls);
    }

    [ToolTheory("pwsh")]
    [InlineData("deny", "HypervisorUnavailable")]
    [InlineData("full", "HostDiskFull")]
    public async Task A_failure_has_the_id_that_it_has_on_other_hypervisors_whatever_language_the_host_speaks(string how, string id)
    {
        _host.Fail("New-VM", "before", how);
        var error = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync(Linked));
        Assert.Equal((id, "web01"), (error.Id, error.Target));
        Assert.Contains("New-VM", error.Message);
        Assert.Empty(_host.Left);
    }

    [ToolFact("pwsh")]
    public async Task A_cancelled_creation_is_undone_although_PowerShell_was_killed()
    {
        _host.Fail("Set-VMFirmware", "before", "hang");
        using var cancellation = new CancellationTokenSource();
        Task<VmResult> creation = _host.CreateAsync(Linked, cancellation.Token);
        while (!_host.Hangs && !creation.IsCompleted)
            await Task.Delay(50);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => creation);
        Assert.Empty(_host.Machines);
        Assert.Empty(_host.Left);
    }

    [ToolFact("pwsh")]
    public async Task What_cannot_be_undone_is_said_and_removed_by_name_later()
    {
        _host.Fail("Remove-VM", "before");
        await _host.CreateAsync(new VmCreateRequest { Name = "other", Image = "tiny:v1", Network = "none" });
        await Assert.ThrowsAsync<HypervisorException>(() => _host.Hypervisor.RemoveAsync("other", force: false, default));
        Assert.Equal("other", Assert.Single(await _host.Hypervisor.ListAsync(null, default)).Name);
        _host.Mend();
        Assert.Equal("other", (await _host.Hypervisor.RemoveAsync("other", force: false, default)).Name);
        Assert.Empty(_host.Machines);
        Assert.Empty(_host.Left);
    }

    [ToolFact("pwsh")]
    public async Task A_host_without_the_module_or_with_its_service_stopped_is_unavailable()
    {
        _host.Change(state => state["service"] = "Stopped");
        var stopped = await Assert.ThrowsAsync<HypervisorException>(() => _host.Hypervisor.ListAsync(null, default));
        var absent = new HyperVHypervisor(_host.ImageDirectory, static (_, _, _) => Task.CompletedTask, new("pwsh", new Dictionary<string, string> { ["PSModulePath"] = "/nowhere" }), TimeSpan.Zero);
        var missing = await Assert.ThrowsAsync<HypervisorException>(() => absent.ListAsync(null, default));
        var none = await Assert.ThrowsAsync<HypervisorException>(() =>
            new HyperVHypervisor(_host.ImageDirectory, static (_, _, _) => Task.CompletedTask, new("/no/powershell"), TimeSpan.Zero).ListAsync(null, default));
        Assert.Equal(["HypervisorUnavailable", "HypervisorUnavailable", "HypervisorUnavailable"], new[] { stopped.Id, missing.Id, none.Id });
    }

    public void Dispose() => _host.Dispose();

    private async Task EveryStepAsync(VmCreateRequest request)
    {
        await _host.CreateAsync(request);
        string[] steps = [.. _host.Calls.Distinct()];
        await _host.Hypervisor.RemoveAsync("web01", force: true, default);
        Assert.InRange(steps.Length, 6, 20);

        // That a step did not begin leaves what the one before it left when it failed at its end.
        foreach ((string step, string when) in steps.Select(static step => (step, "after")).Prepend((steps[0], "before")))
        {
            _host.Fail(step, when);
            var error = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync(request));
            Assert.Equal(("HypervisorFailed", "web01"), (error.Id, error.Target));
            Assert.Contains(step, error.Message);
            Assert.True(_host.Machines.Count == 0, $"{step} {when}: a machine is left");
            Assert.True(_host.Left.Count == 0, $"{step} {when}: left are {string.Join(", ", _host.Left)}");
        }

        _host.Mend();
        Assert.Equal("Running", (await _host.CreateAsync(request)).State);
    }
}
