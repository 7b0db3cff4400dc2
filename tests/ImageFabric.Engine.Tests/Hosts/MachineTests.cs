using System.Text.RegularExpressions;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Virtual machines from images, on hosts.</summary>
[Collection(HostsCollection.Name)]
public sealed partial class MachineTests(PublishedImages images)
{
    private const long Mebi = 1 << 20;

    [HostFact]
    public async Task NewMachine_OnAHostWithoutTheImage_BootsWithItsSeed()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[0];
        using var scratch = new Scratch();
        await using var directory = new HostDirectory(images.Store);
        await File.WriteAllTextAsync(scratch["user-data"], "#cloud-config\ndhcp: true\nruncmd-test: echo said-$(hostname)\nstay: true\n");

        VmResult made = (await directory.CreateAsync(
            "web01", host, "--image", "tiny:1", "--guest-host-name", "front.example", "--cpu", "1", "--disk-size", "96M",
            "--user-data", scratch["user-data"], "--start", "--wait", "170")).Result<VmResult>();

        Assert.Equal(("web01", "Running", "tiny:1", image.Published.ImageId), (made.Name, made.State, made.Image, made.ImageId));
        Assert.Equal((96 * Mebi, true), (made.DiskSizeBytes, made.LinkedClone));
        string console = await ConsoleAsync(host, made, "GUEST-STAY");
        Assert.Contains("GUEST-UP version=v1 hostname=front.example ", console);
        Assert.Contains($" instance-id={made.Id} ", console);
        Assert.Contains("GUEST-USERDATA #cloud-config", console);
        Assert.Contains("said-front.example", console);
        Assert.Matches($@"disks=\S*:{96 * Mebi / 512}\b", console);
        string learnt = AddressLine().Match(console).Groups["address"].Value;
        Assert.Contains(learnt, Assert.IsType<string[]>(made.Addresses));

        VmResult listed = (await directory.VmAsync("list", host, "web*")).Result<VmResult>();
        Assert.Equal((made.Id, "Running", made.DiskPath), (listed.Id, listed.State, listed.DiskPath));
        Assert.Empty((await directory.VmAsync("list", host, "db*")).Succeeded().Results<VmResult>());

        Assert.Equal("VmExists", (await directory.CreateAsync("web01", host, "--image", "tiny:1")).Failure().Id);
        Assert.Equal("VmRunning", (await directory.VmAsync("remove", host, "web01")).Failure().Id);
        Assert.Equal("web01", Assert.Single(await host.MachinesAsync()));

        (await directory.VmAsync("remove", host, "web01", "--force")).Succeeded();
        await AssertNothingLeftAsync(directory, host, image);
        Assert.Equal("VmNotFound", (await directory.VmAsync("remove", host, "web01")).Failure().Id);
    }

    [HostTheory]
    [InlineData("DiskTooSmall", "--disk-size", "32M")]
    [InlineData("NetworkNotFound", "--network", "nowhere", "--start")]
    [InlineData("NetworkNotFound", "--network", "bridge:nowhere", "--start")]
    // The machine is made whole, and then finds no host with so much memory.
    [InlineData("HypervisorFailed", "--memory", "4096G", "--start")]
    public async Task MachineThatCannotBeMade_LeavesNothing(string error, params string[] options)
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[1];
        await using var directory = new HostDirectory(images.Store);

        ErrorEvent failure = (await directory.CreateAsync("broken", host, ["--image", "tiny:1", .. options])).Failure();

        Assert.Equal(error, failure.Id);
        Assert.NotEmpty(failure.Target!);
        await AssertNothingLeftAsync(directory, host, image);
    }

    [HostFact]
    public async Task CtrlCWhileWaitingForTheAddress_LeavesNothing()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[2];
        await using var directory = new HostDirectory(images.Store);
        await directory.SyncAsync(image.Name, host);
        // This guest takes no address.
        await using EngineProgram create = directory.StartCreate("waiting", host, "--image", "tiny:1", "--start", "--wait", "170");
        await host.UntilAsync("virsh list --name | grep -qx waiting");
        ProcessTree processes = ProcessTree.Of(create.Id);

        create.Send(Signal.Interrupt);

        Assert.Equal(130, (await create.FinishedAsync()).ExitCode);
        Assert.Empty(processes.Running());
        await host.EnginesEndedAsync();
        await AssertNothingLeftAsync(directory, host, image);
    }

    private static async Task AssertNothingLeftAsync(HostDirectory directory, KvmHost host, PublishedImage image)
    {
        Assert.Empty(await host.MachinesAsync());
        Assert.DoesNotContain(await host.FilesAsync(directory.Machines), file => file.Contains('/'));
        string name = Assert.Single(await host.FilesAsync(directory.Images), file => file.EndsWith(".raw"));
        Assert.Equal(image.Digest, await host.DigestAsync($"{directory.Images}/{name}"));
    }

    /// <summary>What a guest said on its serial console, once it has said certain words.</summary>
    private static async Task<string> ConsoleAsync(KvmHost host, VmResult machine, string words)
    {
        await host.UntilAsync($"grep -qs '{words}' '{machine.ConsolePath}'");
        return await host.RunAsync($"tr -d '\\r' <'{machine.ConsolePath}'");
    }

    [GeneratedRegex(@"GUEST ip=(?<address>[0-9.]+)")]
    private static partial Regex AddressLine();
}
