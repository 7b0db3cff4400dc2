using System.Text.Json.Nodes;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.HyperV;

/// <summary>Listing and removing, and what keeps images where they are.</summary>
public sealed class MachineTests : IDisposable
{
    private readonly StandInHost _host = new();

    private string Vms => Path.Combine(_host.ImageDirectory, "vms");

    [ToolFact("pwsh")]
    public async Task Only_machines_of_this_image_directory_are_listed_by_name_without_regard_to_case()
    {
        await MakeAsync("web01");
        await MakeAsync("db01");
        Assert.Equal(["db01", "web01"], (await _host.Hypervisor.ListAsync(null, default)).Select(m => m.Name));
        Assert.Equal("web01", Assert.Single(await _host.Hypervisor.ListAsync("WEB*", default)).Name);
    }

    [ToolFact("pwsh")]
    public async Task A_machine_whose_notes_somebody_emptied_or_wrote_into_is_still_known()
    {
        VmResult made = await MakeAsync("web01");
        foreach (string notes in new[] { "", "our web server\r\n" + (string?)_host.Machines[0]["notes"] + "\r\nask Ann", "imagefabric:{broken" })
        {
            _host.Change(state => state["machines"]!.AsArray().Single(m => (string?)m!["name"] == "web01")!["notes"] = notes);
            VmResult found = Assert.Single(await _host.Hypervisor.ListAsync(null, default));
            Assert.Equal((made.Id, made.Image, made.Created), (found.Id, found.Image, found.Created));
        }
    }

    [ToolTheory("pwsh")]
    [InlineData("Running")]
    [InlineData("Saved")]
    [InlineData("PausedCritical")]
    public async Task What_is_not_off_is_removed_by_force_only(string state)
    {
        await MakeAsync("web01");
        _host.Change(s => s["machines"]!.AsArray().Single(m => (string?)m!["name"] == "web01")!["state"] = state);
        var error = await Assert.ThrowsAsync<HypervisorException>(() => _host.Hypervisor.RemoveAsync("web01", force: false, default));
        Assert.Equal("VmRunning", error.Id);
        Assert.Single(_host.Machines);
        VmResult removed = await _host.Hypervisor.RemoveAsync("WEB01", force: true, default);
        Assert.Equal(("web01", "Off"), (removed.Name, removed.State));
        Assert.Empty(_host.Machines);
        Assert.Empty(_host.Left);
        Assert.True(File.Exists(_host.Base));
    }

    [ToolFact("pwsh")]
    public async Task A_machine_that_is_none_of_ours_is_not_found_and_not_touched()
    {
        var error = await Assert.ThrowsAsync<HypervisorException>(() => _host.Hypervisor.RemoveAsync(StandInHost.Foreign, force: true, default));
        Assert.Equal("VmNotFound", error.Id);
        Assert.Empty(_host.Calls);
    }

    [ToolFact("pwsh")]
    public async Task What_a_killed_creation_left_is_removed_by_its_name_and_a_second_removal_finds_nothing()
    {
        await MakeAsync("web01");
        File.Delete(Path.Combine(Vms, "web01", "vm.json"));
        _host.Change(s => s["machines"]!.AsArray().Single(m => (string?)m!["name"] == "web01")!["notes"] = "");
        var error = await Assert.ThrowsAsync<HypervisorException>(() => MakeAsync("web01"));
        Assert.Equal("VmExists", error.Id);
        Assert.Equal("web01", (await _host.Hypervisor.RemoveAsync("web01", force: false, default)).Name);
        Assert.Empty(_host.Machines);
        Assert.Empty(_host.Left);
        error = await Assert.ThrowsAsync<HypervisorException>(() => _host.Hypervisor.RemoveAsync("web01", force: false, default));
        Assert.Equal("VmNotFound", error.Id);
        await MakeAsync("web01");
    }

    [ToolFact("pwsh")]
    public async Task Files_without_a_machine_are_replaced_when_they_were_never_finished()
    {
        Directory.CreateDirectory(Path.Combine(Vms, "web01"));
        File.WriteAllText(Path.Combine(Vms, "web01", "disk.vhdx"), "half");
        Assert.Equal("web01", (await MakeAsync("web01")).Name);
    }

    [ToolFact("pwsh")]
    public async Task Everything_in_a_differencing_chain_is_in_use_and_that_of_checkpoints_too()
    {
        await MakeAsync("web01");
        string disk = Path.Combine(Vms, "web01", "disk.vhdx");
        string top = Differencing("top.vhdx", disk);
        string other = Path.Combine(_host.ImageDirectory, "other.vhdx");
        File.WriteAllBytes(other, SmallVhdx.Of(1 << 20));
        string checkpoint = Differencing("checkpoint.avhdx", other);
        _host.Change(s => s["machines"]!.AsArray().Add(With(StandInHost.Machine("stacked", "/elsewhere/stacked"), [top, "/gone.vhdx"], checkpoint)));
        IReadOnlyList<DiskUse> uses = await _host.Hypervisor.DiskUsesAsync(default);
        Assert.Equal(new HashSet<string> { top, disk, _host.Base, checkpoint, other, "/gone.vhdx" }, uses.Where(u => u.Machine == "stacked").Select(u => u.Path).ToHashSet());
        Assert.Equal(new HashSet<string> { disk, _host.Base }, uses.Where(u => u.Machine == "web01").Select(u => u.Path).ToHashSet());
    }

    [ToolFact("pwsh")]
    public async Task A_chain_that_cannot_be_followed_is_an_error_and_not_an_unused_image()
    {
        string broken = Path.Combine(_host.ImageDirectory, "broken.vhdx");
        File.WriteAllText(broken, "no disk");
        _host.Change(s => s["machines"]!.AsArray().Add(With(StandInHost.Machine("stacked", "/elsewhere/stacked"), [broken], null)));
        Assert.Equal("HypervisorFailed", (await Assert.ThrowsAsync<HypervisorException>(() => _host.Hypervisor.DiskUsesAsync(default))).Id);
    }

    [ToolFact("pwsh")]
    public async Task A_host_is_examined()
    {
        IReadOnlyList<HostTestResult> found = await _host.Hypervisor.TestAsync(default);
        Assert.Equal([("Hypervisor", "Passed"), ("Network", "Warning")], found.Select(f => (f.Check, f.Status)));
        _host.Change(state => state["service"] = "Stopped");
        Assert.Equal(("Hypervisor", "Failed"), (await _host.Hypervisor.TestAsync(default)) is [var only] ? (only.Check, only.Status) : default);
    }

    public void Dispose() => _host.Dispose();

    private static JsonObject With(JsonObject machine, string[] disks, string? checkpoint)
    {
        machine["disks"] = new JsonArray([.. disks.Select(d => new JsonObject { ["path"] = d })]);
        machine["snapshots"] = checkpoint is null ? [] : new JsonArray(new JsonObject { ["name"] = "before", ["path"] = checkpoint });
        return machine;
    }

    private string Differencing(string name, string parent)
    {
        string path = Path.Combine(_host.ImageDirectory, name);
        File.WriteAllText(path, $$"""{ "mark": "differencing disk of the stand-in", "parent": "{{parent}}", "size": 1048576 }""");
        return path;
    }

    private Task<VmResult> MakeAsync(string name) => _host.CreateAsync(new VmCreateRequest { Name = name, Image = "tiny:v1", Network = "none" });
}
