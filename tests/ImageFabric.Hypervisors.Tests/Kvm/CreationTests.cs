using System.Runtime.Versioning;
using System.Text;
using System.Xml.Linq;
using ImageFabric.Hypervisors.Tests.Iso;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.Kvm;

public sealed class CreationTests : IDisposable
{
    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    [ToolFact("bash")]
    public async Task Libvirt_is_asked_once_what_it_offers_where_one_answer_tells_all()
    {
        _host.Set("domcapabilities.xml", "<domainCapabilities><domain>kvm</domain><cpu><mode name='host-passthrough' supported='yes'/></cpu></domainCapabilities>");
        VmResult made = await _host.CreateAsync("web01", r => r.Start = true);
        Assert.Equal("kvm", made.Virtualization);
        Assert.Contains("host-passthrough", _host.DefinitionOf(made.Id), StringComparison.Ordinal);
        Assert.Equal(
            ["define", "domcapabilities", "domstate", "dumpxml", "list", "net-list", "qemu-img", "start"],
            _host.Log.Select(static line => line.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [ToolFact("bash")]
    public async Task A_machine_is_described_as_it_was_made()
    {
        VmResult made = await _host.CreateAsync("web01", r => (r.Cpu, r.MemoryBytes, r.DiskSizeBytes) = (2, 512L << 20, 4194304));

        Assert.Equal(("web01", "tiny:v1", "sha256:abc"), (made.Name, made.Image, made.ImageId));
        Assert.Equal((2, 512L << 20, 4194304L), (made.Cpu, made.MemoryBytes, made.DiskSizeBytes));
        Assert.Equal(("Off", "qemu", true), (made.State, made.Virtualization, made.LinkedClone));
        Assert.Equal(Path.Combine(_host.DirectoryOf("web01"), "disk.qcow2"), made.DiskPath);
        Assert.Equal(Path.Combine(_host.DirectoryOf("web01"), "console.log"), made.ConsolePath);
        Assert.Null(made.Addresses);
        Assert.True(DateTimeOffset.TryParse(made.Created, out _));
        Assert.Equal(["disk.qcow2", "lock", "seed.iso", "vm.json"], Directory.GetFiles(_host.DirectoryOf("web01")).Select(Path.GetFileName).Order());
        Assert.Equal(["web01"], _host.Domains);
        Assert.Equal(Guid.Parse(made.Id), (Guid?)XDocument.Parse(_host.DefinitionOf(made.Id)).Root!.Element("uuid"));
    }

    [ToolFact("bash")]
    public async Task The_seed_names_the_machine_and_carries_the_user_data()
    {
        VmResult made = await _host.CreateAsync("web01", r => (r.UserData, r.HostNameInGuest) = ("#cloud-config\nx: 1\n"u8.ToArray(), "www"));

        var files = IsoReader.Primary(File.ReadAllBytes(Path.Combine(_host.DirectoryOf("web01"), "seed.iso"))).RockRidgeFiles();
        Assert.Equal("#cloud-config\nx: 1\n"u8.ToArray(), files["user-data"].Content);
        Assert.Equal($"instance-id: \"{made.Id}\"\nlocal-hostname: \"www\"\n", Encoding.UTF8.GetString(files["meta-data"].Content));
    }

    [ToolFact("bash")]
    [SupportedOSPlatform("linux")]
    public async Task Files_with_secrets_are_closed_to_others_and_directories_can_be_passed_through()
    {
        await _host.CreateAsync("web01");

        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        const UnixFileMode Passable = Private | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        string directory = _host.DirectoryOf("web01");
        Assert.Equal(Private, File.GetUnixFileMode(Path.Combine(directory, "seed.iso")));
        Assert.Equal(Private, File.GetUnixFileMode(Path.Combine(directory, "disk.qcow2")));
        Assert.Equal(Passable, File.GetUnixFileMode(directory));
        Assert.Equal(Passable, File.GetUnixFileMode(Path.GetDirectoryName(directory)!));
    }

    [ToolFact("bash")]
    public async Task A_linked_clone_names_the_base_and_its_format_and_is_made_at_its_full_size()
    {
        await _host.CreateAsync("web01", r => r.DiskSizeBytes = 4194000);
        Assert.Contains($"qemu-img create -q -f qcow2 -b {_host.Base} -F raw {_host.DirectoryOf("web01")}/disk.qcow2 4194304", _host.Log);
    }

    [ToolFact("bash")]
    public async Task A_full_clone_is_a_copy_that_is_grown_only_when_it_has_to_be()
    {
        VmResult made = await _host.CreateAsync("same", r => r.FullClone = true);
        Assert.False(made.LinkedClone);
        Assert.False(_host.Ran("resize"));

        await _host.CreateAsync("larger", r => (r.FullClone, r.DiskSizeBytes) = (true, 2 << 20));
        Assert.Contains($"qemu-img resize -q -f qcow2 {_host.DirectoryOf("larger")}/disk.qcow2 2097152", _host.Log);
        Assert.DoesNotContain(_host.Log, line => line.Contains("-b ", StringComparison.Ordinal));
    }

    [ToolFact("bash")]
    public async Task Emulation_is_made_known_and_hardware_is_not()
    {
        await _host.CreateAsync("slow");
        Assert.Contains(_host.Warnings, warning => warning.Contains("emulated", StringComparison.Ordinal));

        _host.Warnings.Clear();
        _host.Set("capabilities.xml", FakeHost.Capabilities("qemu", "kvm"));
        VmResult made = await _host.CreateAsync("fast");
        Assert.Equal("kvm", made.Virtualization);
        Assert.Empty(_host.Warnings);
    }

    [ToolFact("bash")]
    public async Task A_started_machine_has_the_address_that_libvirt_leased()
    {
        _host.Set("addresses-lease", " vnet0      52:54:00:aa:bb:cc    ipv4         192.168.122.7/24\n");
        _host.Set("addresses-agent", " eth0       52:54:00:aa:bb:cc    ipv4         10.9.9.9/24\n");
        VmResult made = await _host.CreateAsync("web01", r => (r.Start, r.WaitSeconds) = (true, 60));
        Assert.Equal("Running", made.State);
        Assert.Equal(["192.168.122.7"], made.Addresses!);
    }

    [ToolFact("bash")]
    public async Task The_agent_and_the_neighbour_table_are_asked_when_libvirt_leased_nothing()
    {
        _host.Set("addresses-arp", " vnet0      52:54:00:aa:bb:cc    ipv4         192.0.2.7/0\n");
        VmResult made = await _host.CreateAsync("web01", r => (r.Start, r.WaitSeconds) = (true, 60));
        Assert.Equal(["192.0.2.7"], made.Addresses!);
        Assert.Equal(["lease", "agent", "arp"], _host.Log.Where(l => l.StartsWith("domifaddr", StringComparison.Ordinal)).Take(3).Select(l => l.Split(' ')[^1]));
    }

    [ToolFact("bash")]
    public async Task That_no_address_is_learnt_is_a_warning()
    {
        VmResult made = await _host.CreateAsync("web01", r => (r.Start, r.WaitSeconds) = (true, 1));
        Assert.Equal([], made.Addresses!);
        Assert.Contains(_host.Warnings, warning => warning.Contains("No address", StringComparison.Ordinal));
    }

    [ToolFact("bash")]
    public async Task A_machine_that_powers_itself_off_ends_the_wait()
    {
        _host.Set("powers-off", "");
        VmResult made = await _host.CreateAsync("web01", r => (r.Start, r.WaitSeconds) = (true, 3600));
        Assert.Equal("Off", made.State);
        Assert.Contains(_host.Warnings, warning => warning.Contains("no longer running", StringComparison.Ordinal));
    }

    [ToolFact("bash")]
    public async Task A_machine_without_a_network_card_is_not_waited_for()
    {
        VmResult made = await _host.CreateAsync("web01", r => (r.Start, r.WaitSeconds, r.Network) = (true, 3600, "none"));
        Assert.Equal("Running", made.State);
    }

    [ToolFact("bash")]
    public async Task A_name_that_libvirt_has_is_refused()
    {
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync(FakeHost.Foreign));
        Assert.Equal(("VmExists", FakeHost.Foreign), (e.Id, e.Target));
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_name_whose_files_are_there_is_refused_and_they_stay()
    {
        VmResult made = await _host.CreateAsync("web01");
        _host.Forget(made.Id);
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync("web01"));
        Assert.Equal("VmExists", e.Id);
        Assert.True(File.Exists(made.DiskPath));
    }

    [ToolFact("bash")]
    public async Task What_a_killed_creation_left_is_no_obstacle()
    {
        string left = Directory.CreateDirectory(_host.DirectoryOf("web01")).FullName;
        File.WriteAllText(Path.Combine(left, "disk.qcow2"), "half a disk");
        File.WriteAllText(Path.Combine(left, "stray"), "");
        await _host.CreateAsync("web01");
        Assert.Equal("disk\n", File.ReadAllText(Path.Combine(left, "disk.qcow2")));
        Assert.False(File.Exists(Path.Combine(left, "stray")));
    }

    [ToolFact("bash")]
    public async Task A_machine_that_another_process_is_making_is_left_to_it()
    {
        string theirs = Directory.CreateDirectory(_host.DirectoryOf("web01")).FullName;
        using var held = new FileStream(Path.Combine(theirs, "lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        File.WriteAllText(Path.Combine(theirs, "disk.qcow2"), "their disk");
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync("web01"));
        Assert.Equal("VmExists", e.Id);
        Assert.Equal("their disk", File.ReadAllText(Path.Combine(theirs, "disk.qcow2")));
    }

    [ToolFact("bash")]
    public async Task Of_several_creations_of_one_name_at_once_one_wins()
    {
        Task<VmResult>[] all = [.. Enumerable.Range(0, 6).Select(_ => Task.Run(() => _host.CreateAsync("web01", r => r.Start = true)))];
        await Assert.ThrowsAsync<HypervisorException>(() => Task.WhenAll(all));
        Assert.Equal(1, all.Count(task => task.IsCompletedSuccessfully));
        Assert.All(all.Where(task => !task.IsCompletedSuccessfully), task => Assert.Equal("VmExists", ((HypervisorException)task.Exception!.InnerException!).Id));
        Assert.Equal(["web01"], _host.Domains);
        Assert.Equal(["disk.qcow2", "lock", "seed.iso", "vm.json"], Directory.GetFiles(_host.DirectoryOf("web01")).Select(Path.GetFileName).Order());
    }

    [ToolTheory("bash")]
    [InlineData("nosuch")]
    [InlineData("bridge:nosuch")]
    [InlineData("bridge:lo")]
    [InlineData("bridge:../net/lo")]
    [InlineData("bridge:")]
    public async Task A_network_that_the_host_does_not_have_is_refused(string network)
    {
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync("web01", r => r.Network = network));
        Assert.Equal("NetworkNotFound", e.Id);
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_network_that_is_not_active_will_do_only_for_a_machine_that_is_not_started()
    {
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => _host.CreateAsync("web01", r => (r.Network, r.Start) = ("idle", true)));
        Assert.Equal("NetworkNotFound", e.Id);
        VmResult made = await _host.CreateAsync("web01", r => r.Network = "idle");
        Assert.Contains("<source network=\"idle\" />", _host.DefinitionOf(made.Id), StringComparison.Ordinal);
    }

    [ToolFact("bash")]
    public async Task Without_the_default_network_the_machine_gets_user_mode_networking_and_a_warning()
    {
        _host.Set("networks-active", "lab\n");
        VmResult made = await _host.CreateAsync("web01");
        Assert.Contains("<interface type=\"user\">", _host.DefinitionOf(made.Id), StringComparison.Ordinal);
        Assert.Contains(_host.Warnings, warning => warning.Contains("user-mode", StringComparison.Ordinal));
    }
}
