using System.Text.Json.Nodes;
using ImageFabric.Engine.Tests.Hosts;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Windows;

/// <summary>Windows hosts over SSH, used as any other: the bootstrap, images, and machines of Hyper-V.</summary>
[Collection(HostsCollection.Name)]
public sealed class WindowsHostTests(PublishedImages images)
{
    private const long Mebi = 1 << 20;
    private static readonly string[] Windows = [.. WindowsHost.All.Select(h => h.Name)];

    [WindowsHostFact]
    public async Task One_sync_reaches_KVM_hosts_and_Windows_hosts_of_either_shell_and_one_list_of_machines_comes_back()
    {
        PublishedImage image = await images.First;
        string[] everywhere = [Testbed.Hosts[0].Name, .. Windows];
        string directory = NewDirectory();
        SyncResult[] first = [.. (await SyncAsync(image.Name, everywhere)).Succeeded().Results<SyncResult>()];
        Assert.Equal(everywhere.Order(), first.Select(r => r.Host).Order());
        Assert.All(first, r => Assert.Equal((image.Published.ImageId, image.Name), (r.ImageId, r.Image)));
        SyncResult[] second = [.. (await SyncAsync(image.Name, everywhere)).Succeeded().Results<SyncResult>()];
        Assert.All(second, r => Assert.Equal((PullResult.AlreadyPresent, 0L), (r.Status, r.BytesFetched)));
        foreach (WindowsHost host in WindowsHost.All)
        {
            string path = first.Single(r => r.Host == host.Name).Path!;
            Assert.EndsWith(".vhdx", path);
            QemuImg.AssertIdentical(Testbed.FirstImage, "qcow2", host.File(path), "vhdx");
        }

        var made = new List<VmResult>();
        foreach (string host in everywhere)
            made.Add((await WindowsHost.RunAsync(["vm", "create", directory, "--image", image.Name, "--host", host, "--memory", "256M", "--network", "none", .. images.Store.Options])).Result<VmResult>());
        Assert.Equal(["kvm-or-qemu", "hyper-v", "hyper-v"], made.Select(m => m.Virtualization == "hyper-v" ? m.Virtualization : "kvm-or-qemu"));
        Assert.All(made, m => Assert.Equal(
            (directory, image.Name, image.Published.ImageId, "Off", 256 * Mebi, true), (m.Name, m.Image, m.ImageId, m.State, m.MemoryBytes, m.LinkedClone)));
        foreach (string host in everywhere)
        {
            Assert.Equal(directory, (await WindowsHost.RunAsync("vm", "list", directory, "--host", host)).Result<VmResult>().Name);
            (await WindowsHost.RunAsync("vm", "remove", directory, "--host", host)).Succeeded();
        }
    }

    [WindowsHostFact]
    public async Task A_machine_of_Hyper_V_is_made_listed_kept_and_removed_with_the_answers_of_a_KVM_host()
    {
        PublishedImage image = await images.First;
        WindowsHost host = WindowsHost.All[0];
        VmResult made = (await WindowsHost.RunAsync(
            ["vm", "create", "web01", "--image", image.Name, "--host", host.Name, "--cpu", "2", "--memory", "256M", "--memory-max", "512M", "--disk-size", "96M", "--firmware", "uefi",
            "--secure-boot", "UefiCa", "--tpm", "--vlan", "7", "--mac", "00:15:5d:00:00:01", "--start", .. images.Store.Options])).Result<VmResult>();
        Assert.Equal(("web01", "Running", "hyper-v", 2, 96 * Mebi), (made.Name, made.State, made.Virtualization, made.Cpu, made.DiskSizeBytes));
        JsonObject machine = Assert.Single(host.Machines);
        Assert.Equal((2, true, "MicrosoftUEFICertificateAuthority"), ((int)machine["generation"]!, (bool)machine["tpm"]!, (string?)machine["secureBoot"]));
        Assert.True(File.Exists(host.File(made.DiskPath)));

        Assert.Equal("VmExists", (await CreateAsync(host, "WEB01", image.Name)).Failure().Id);
        Assert.Equal("InvalidRequest", (await CreateAsync(host, "con", image.Name)).Failure().Id);
        Assert.Equal("NetworkNotFound", (await CreateAsync(host, "other", image.Name, "--network", "nowhere")).Failure().Id);
        Assert.Equal("VmRunning", (await WindowsHost.RunAsync("vm", "remove", "web01", "--host", host.Name)).Failure().Id);
        Assert.Equal("ImageInUse", (await WindowsHost.RunAsync("host", "remove", image.Name, "--host", host.Name)).Failure().Id);
        HostImageResult listed = (await WindowsHost.RunAsync("host", "images", "--host", host.Name)).Succeeded().Results<HostImageResult>().Single(i => i.Image == image.Name);
        Assert.Equal(["web01"], listed.UsedBy!);

        (await WindowsHost.RunAsync("vm", "remove", "web01", "--force", "--host", host.Name)).Succeeded();
        Assert.Empty(host.Machines);
        Assert.Empty(Directory.EnumerateDirectories(host.File(@"C:\ProgramData\ImageFabric\vms")));
        Assert.Equal("VmNotFound", (await WindowsHost.RunAsync("vm", "remove", "web01", "--host", host.Name)).Failure().Id);
        (await WindowsHost.RunAsync("host", "remove", image.Name, "--host", host.Name)).Succeeded();
        Assert.False(File.Exists(host.File(listed.Path)));
    }

    [WindowsHostFact]
    public async Task A_Windows_host_tells_what_it_lacks()
    {
        HostTestResult[] found = [.. (await WindowsHost.RunAsync("host", "test", "--host", WindowsHost.All[1].Name)).Results<HostTestResult>()];
        Assert.Equal(["BlockClone", "Clock", "FreeSpace", "Hypervisor", "ImageDirectory", "Network"], found.Select(f => f.Check).Order());
        Assert.Equal(("Passed", "Passed"), (found.Single(f => f.Check == "Hypervisor").Status, found.Single(f => f.Check == "ImageDirectory").Status));
    }

    [WindowsHostFact]
    public async Task A_cancelled_sync_leaves_no_engine_on_a_Windows_host()
    {
        PublishedImage image = await images.Large;
        WindowsHost host = WindowsHost.All[1];
        (await WindowsHost.RunAsync("vm", "list", "--host", host.Name)).Succeeded();
        await using (EngineProgram sync = WindowsHost.Start(["sync", image.Name, "--host", host.Name, .. images.Store.Options]))
        {
            await sync.NextEventAsync<ProgressEvent>(EngineEvent.ProgressType);
            sync.Send(Signal.Interrupt);
            Assert.Equal(130, (await sync.FinishedAsync()).ExitCode);
        }

        for (int waited = 0; EnginesOn(host).Length > 0 && waited < 200; waited++)
            await Task.Delay(100);
        Assert.Empty(EnginesOn(host));
        (await SyncAsync(image.Name, [host.Name])).Succeeded();
    }

    private static string NewDirectory() => $"mixed-{Guid.NewGuid():N}"[..14];

    private static string[] EnginesOn(WindowsHost host) =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(d => Path.GetFileName(d).All(char.IsAsciiDigit)).Where(d =>
            WindowsPrefix.ReadOrEmpty(Path.Combine(d, "cmdline")).Contains("imagefabric.exe", StringComparison.Ordinal)
            && WindowsPrefix.ReadOrEmpty(Path.Combine(d, "environ")).Contains($"/hosts/{host.Name}/prefix", StringComparison.Ordinal)),
    ];

    private Task<EngineAnswer> SyncAsync(string image, string[] hosts) =>
        WindowsHost.RunAsync(["sync", image, .. hosts.SelectMany(h => new[] { "--host", h }), .. images.Store.Options]);

    private Task<EngineAnswer> CreateAsync(WindowsHost host, string name, string image, params string[] options) =>
        WindowsHost.RunAsync(["vm", "create", name, "--image", image, "--host", host.Name, "--memory", "256M", .. images.Store.Options, .. options]);
}
