using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ImageFabric.Engine.Tests.Hosts;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Tests.Windows;

/// <summary>Windows hosts over SSH, used as any other: the bootstrap, images, and machines of Hyper-V.</summary>
[Collection(WindowsHostsCollection.Name)]
public sealed class WindowsHostTests(PublishedImages images)
{
    private const long Mebi = 1 << 20;
    private const string Engines = @"C:\ProgramData\ImageFabric\engine";
    private static readonly string[] Windows = [.. WindowsHost.All.Select(h => h.Name)];

    [WindowsHostFact]
    public async Task One_sync_reaches_KVM_hosts_and_Windows_hosts_of_either_shell_and_one_list_of_machines_comes_back()
    {
        PublishedImage image = await images.First;
        string[] everywhere = [Testbed.Hosts[0].Name, .. Windows];
        string machine = $"mixed-{Guid.NewGuid():N}"[..14];
        foreach (WindowsHost host in WindowsHost.All.Where(h => Directory.Exists(h.File(Engines))))
            Directory.Delete(host.File(Engines), recursive: true);

        SyncResult[] first = [.. (await SyncAsync(image.Name, everywhere)).Succeeded().Results<SyncResult>()];
        Assert.Equal(everywhere.Order(), first.Select(r => r.Host).Order());
        Assert.All(first, r => Assert.Equal((image.Published.ImageId, image.Name), (r.ImageId, r.Image)));
        await AssertEngineCameFromTheStoreAsync();
        SyncResult[] second = [.. (await SyncAsync(image.Name, everywhere)).Succeeded().Results<SyncResult>()];
        Assert.All(second, r => Assert.Equal((PullResult.AlreadyPresent, 0L), (r.Status, r.BytesFetched)));
        foreach (WindowsHost host in WindowsHost.All)
        {
            string path = first.Single(r => r.Host == host.Name).Path!;
            Assert.EndsWith(".vhdx", path);
            QemuImg.AssertIdentical(Testbed.FirstImage, "qcow2", host.File(path), "vhdx");
        }

        VmResult[] made = await Task.WhenAll(everywhere.Select(async host => (await WindowsHost.RunAsync(
            ["vm", "create", machine, "--image", image.Name, "--host", host, "--memory", "256M", "--network", "none", .. images.Store.Options])).Result<VmResult>()));
        Assert.Equal(["kvm-or-qemu", "hyper-v", "hyper-v"], made.Select(m => m.Virtualization == "hyper-v" ? m.Virtualization : "kvm-or-qemu"));
        Assert.All(made, m => Assert.Equal(
            (machine, image.Name, image.Published.ImageId, "Off", 256 * Mebi, true), (m.Name, m.Image, m.ImageId, m.State, m.MemoryBytes, m.LinkedClone)));
        await Task.WhenAll(everywhere.Select(async host =>
        {
            Assert.Equal(machine, (await WindowsHost.RunAsync("vm", "list", machine, "--host", host)).Result<VmResult>().Name);
            (await WindowsHost.RunAsync("vm", "remove", machine, "--host", host)).Succeeded();
        }));
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
        Assert.Equal("VmRunning", (await WindowsHost.RunAsync("vm", "remove", "web01", "--host", host.Name)).Failure().Id);
        Assert.Equal("ImageInUse", (await WindowsHost.RunAsync("host", "remove", image.Name, "--host", host.Name)).Failure().Id);
        HostImageResult listed = (await WindowsHost.RunAsync("host", "images", "--host", host.Name)).Succeeded().Results<HostImageResult>().Single(i => i.Image == image.Name);
        Assert.Equal(["web01"], listed.UsedBy!);

        (await WindowsHost.RunAsync("vm", "remove", "web01", "--force", "--host", host.Name)).Succeeded();
        Assert.Empty(host.Machines);
        Assert.Empty(Directory.EnumerateDirectories(host.File(@"C:\ProgramData\ImageFabric\vms")));
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
    public async Task An_engine_directory_that_somebody_else_made_is_not_run_from()
    {
        WindowsHost host = WindowsHost.All[0];
        string directory = Directory.CreateDirectory(host.File(@"C:\ProgramData\ImageFabric")).FullName;
        await Tool.RunAsync("chown", "1:1", directory);
        try
        {
            ErrorEvent refused = (await WindowsHost.RunAsync("vm", "list", "--host", host.Name)).Failure();
            Assert.Equal("EngineInstallFailed", refused.Id);
            Assert.Contains("belongs to", refused.Message);
        }
        finally
        {
            await Tool.RunAsync("chown", "0:0", directory);
        }
    }

    [WindowsHostFact]
    public async Task A_cancelled_sync_leaves_no_engine_on_a_Windows_host()
    {
        PublishedImage image = await images.Large;
        WindowsHost host = WindowsHost.All[1];
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

    // One that was sent over SSH is not in the store.
    private async Task AssertEngineCameFromTheStoreAsync()
    {
        await using FileStream engine = File.OpenRead(WindowsPrefix.Engine);
        string digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(engine));
        await using IObjectStore store = await images.Store.OpenAsync();
        Assert.NotNull(await store.StatAsync($"engines/win-x64/{digest}", default));
        Assert.All(WindowsHost.All, host => Assert.Equal([@$"{digest}/imagefabric.exe"], Directory.EnumerateFiles(host.File(Engines), "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(host.File(Engines), f))));
    }

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
