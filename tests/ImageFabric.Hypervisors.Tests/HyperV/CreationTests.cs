using System.Text.Json.Nodes;
using ImageFabric.Hypervisors.Tests.Iso;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.HyperV;

/// <summary>Machines as Hyper-V then has them.</summary>
public sealed class CreationTests : IDisposable
{
    private readonly StandInHost _host = new();

    [ToolFact("pwsh")]
    public async Task A_machine_of_generation_2_gets_all_that_was_asked_for()
    {
        VmResult made = await _host.CreateAsync(new VmCreateRequest
        {
            Name = "web01", Image = "tiny:v1", Cpu = 4, MemoryBytes = 1L << 30, MemoryMinimumBytes = 512L << 20, MemoryMaximumBytes = 4L << 30, DiskSizeBytes = 8 << 20,
            Network = "lan", Vlan = 42, MacAddress = "00:15:5d:01:02:03", SecureBoot = "UefiCa", Tpm = true, StartAction = "Start", Checkpoints = "Disabled",
            BootOrder = ["Network", "Disk"], Start = true, UserData = "#cloud-config\n"u8.ToArray(),
        });
        JsonObject machine = Assert.Single(_host.Machines);
        Assert.Equal(
            ("web01", 2, 4L, 1L << 30, 512L << 20, 4L << 30, true, "Running"),
            ((string?)machine["name"], (int)machine["generation"]!, (long)machine["cpu"]!, (long)machine["memory"]!, (long)machine["minimum"]!, (long)machine["maximum"]!, (bool)machine["dynamic"]!, (string?)machine["state"]));
        Assert.Equal(
            ("Start", "Disabled", false, "MicrosoftUEFICertificateAuthority", true),
            ((string?)machine["startAction"], (string?)machine["checkpoints"], (bool)machine["automaticCheckpoints"]!, (string?)machine["secureBoot"], (bool)machine["tpm"]!));
        Assert.Equal(["Network", "Disk"], machine["bootOrder"]!.AsArray().Select(d => (string?)d));
        Assert.Equal(("lan", "00155D010203", 42), ((string?)machine["adapters"]![0]!["switch"], (string?)machine["adapters"]![0]!["mac"], (int)machine["adapters"]![0]!["vlan"]!));
        string disk = Path.Combine(_host.ImageDirectory, "vms", "web01", "disk.vhdx");
        JsonNode file = JsonNode.Parse(File.ReadAllText(disk))!;
        Assert.Equal((_host.Base, 8L << 20), ((string?)file["parent"], (long)file["size"]!));
        Assert.Contains("tiny:v1 (sha256:abc)", (string?)machine["notes"]);
        Assert.Equal(
            ("web01", (string?)machine["id"], "tiny:v1", "sha256:abc", "Running", "hyper-v", 4, 1L << 30, 8L << 20, disk, true),
            (made.Name, made.Id, made.Image, made.ImageId, made.State, made.Virtualization, made.Cpu, made.MemoryBytes, made.DiskSizeBytes, made.DiskPath, made.LinkedClone));
        Assert.Empty(_host.Warnings);
    }

    [ToolFact("pwsh")]
    public async Task A_machine_of_generation_1_is_a_full_copy_without_network_and_starts_from_its_DVD_first()
    {
        VmResult made = await _host.Hypervisor.CreateAsync(
            new VmCreateRequest { Name = "old", Image = "tiny:v1", FullClone = true, DiskSizeBytes = 2 << 20, Network = "none", BootOrder = ["Dvd", "Disk"], MemoryBytes = 33 << 20 },
            _host.Image with { BootMode = "BIOS" }, _host.Warnings.Add, default);
        JsonObject machine = Assert.Single(_host.Machines);
        Assert.Equal((1, 34L << 20, false, "Off"), ((int)machine["generation"]!, (long)machine["memory"]!, (bool)machine["dynamic"]!, (string?)machine["state"]));
        Assert.Equal(["CD", "IDE", "LegacyNetworkAdapter", "Floppy"], machine["bootOrder"]!.AsArray().Select(d => (string?)d));
        Assert.Empty(machine["adapters"]!.AsArray());
        Assert.Equal(Path.Combine(_host.ImageDirectory, "vms", "old", "seed.iso"), (string?)Assert.Single(machine["dvds"]!.AsArray())!["path"]);
        Assert.Equal((false, 2L << 20, "Off"), (made.LinkedClone, made.DiskSizeBytes, made.State));
        Assert.Contains("Set-VHD", _host.Calls);
        Assert.DoesNotContain("New-VHD", _host.Calls);
    }

    [ToolTheory("pwsh")]
    [InlineData("BIOS+UEFI", null, 2)]
    [InlineData(null, null, 1)]
    [InlineData("BIOS+UEFI", "BIOS", 1)]
    public async Task What_boots_both_ways_becomes_generation_2_unless_asked_otherwise(string? boots, string? firmware, int generation)
    {
        await _host.Hypervisor.CreateAsync(
            new VmCreateRequest { Name = "m", Image = "tiny:v1", Firmware = firmware, Network = "none" }, _host.Image with { BootMode = boots }, _host.Warnings.Add, default);
        Assert.Equal(generation, (int)Assert.Single(_host.Machines)["generation"]!);
    }

    [ToolFact("pwsh")]
    public async Task An_answer_file_of_Windows_comes_on_the_DVD_and_brings_the_template_of_Windows()
    {
        await _host.CreateAsync(new VmCreateRequest { Name = "win", Image = "tiny:v1", Unattend = "<unattend>ü</unattend>"u8.ToArray(), Network = "lan" });
        Assert.Equal("MicrosoftWindows", (string?)Assert.Single(_host.Machines)["secureBoot"]);
        byte[] iso = File.ReadAllBytes(Path.Combine(_host.ImageDirectory, "vms", "win", "seed.iso"));
        Dictionary<string, byte[]> files = IsoReader.Joliet(iso).Files();
        Assert.Equal(["autounattend.xml", "unattend.xml"], files.Keys.Order());
        Assert.Equal("<unattend>ü</unattend>", System.Text.Encoding.UTF8.GetString(files["unattend.xml"]));
        Assert.Equal(["AUTOUNATTEND.XML;1", "UNATTEND.XML;1"], IsoReader.Primary(iso).Files().Keys.Order());
    }

    [ToolFact("pwsh")]
    public async Task Without_a_name_the_only_switch_is_taken_and_of_several_none()
    {
        await _host.CreateAsync(new VmCreateRequest { Name = "several", Image = "tiny:v1" });
        Assert.Contains("no network card", Assert.Single(_host.Warnings));
        _host.Change(state => state["switches"] = new JsonArray("dmz"));
        await _host.CreateAsync(new VmCreateRequest { Name = "one", Image = "tiny:v1" });
        _host.Change(state => state["switches"] = new JsonArray("dmz", "Default Switch"));
        await _host.CreateAsync(new VmCreateRequest { Name = "client", Image = "tiny:v1" });
        Assert.Equal(["dmz", "Default Switch"], _host.Machines.Skip(1).Select(m => (string?)m["adapters"]![0]!["switch"]));
        Assert.Single(_host.Warnings);
    }

    [ToolFact("pwsh")]
    public async Task Waiting_ends_with_the_first_address_that_others_can_reach()
    {
        _host.Change(state => state["address"] = "192.0.2.7");
        VmResult made = await _host.CreateAsync(new VmCreateRequest { Name = "up", Image = "tiny:v1", Network = "lan", Start = true, WaitSeconds = 60 });
        Assert.Equal(["192.0.2.7"], made.Addresses!);
        Assert.Empty(_host.Warnings);
        _host.Change(state => state["address"] = "");
        await _host.CreateAsync(new VmCreateRequest { Name = "mute", Image = "tiny:v1", Network = "lan", Start = true, WaitSeconds = 1 });
        Assert.Contains("integration services", Assert.Single(_host.Warnings));
    }

    [ToolTheory("pwsh")]
    [InlineData("NetworkNotFound", "nolan")]
    [InlineData("VmExists", "lan")]
    public async Task What_the_host_lacks_or_has_already_is_said_by_its_own_id(string id, string network)
    {
        string name = id == "VmExists" ? StandInHost.Foreign.ToUpperInvariant() : "web01";
        var error = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync(new VmCreateRequest { Name = name, Image = "tiny:v1", Network = network }));
        Assert.Equal(id, error.Id);
        Assert.Empty(_host.Left);
        Assert.Empty(_host.Machines);
        Assert.Empty(_host.Calls);
    }

    [Fact]
    public async Task A_directory_that_is_too_deep_for_Hyper_V_is_refused_before_anything_is_made()
    {
        string deep = Path.Combine(_host.ImageDirectory, new string('d', 150));
        var host = new HyperVHypervisor(deep, static (_, _, _) => Task.CompletedTask, _host.Module("pwsh"), TimeSpan.Zero);
        var error = await Assert.ThrowsAsync<HypervisorException>(() =>
            host.CreateAsync(new VmCreateRequest { Name = "web01", Image = "tiny:v1", Network = "none" }, _host.Image, _host.Warnings.Add, default));
        Assert.Equal(("InvalidRequest", "web01"), (error.Id, error.Target));
        Assert.Contains("too long", error.Message);
        Assert.False(Directory.Exists(deep));
    }

    [ToolFact("pwsh")]
    public async Task Text_of_a_request_is_never_script()
    {
        const string Awkward = "'; Remove-Item /; \"$(exit 9)\" `` \u2019 ü";
        var error = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync(new VmCreateRequest { Name = "a", Image = "tiny:v1", Network = Awkward }));
        Assert.Equal(("NetworkNotFound", Awkward), (error.Id, error.Target));
        await _host.Hypervisor.CreateAsync(
            new VmCreateRequest { Name = "b", Image = "tiny:v1", Network = "none" }, _host.Image with { Reference = Awkward }, _host.Warnings.Add, default);
        Assert.Equal(Awkward, Assert.Single(await _host.Hypervisor.ListAsync("b", default)).Image);
    }

    public void Dispose() => _host.Dispose();
}
