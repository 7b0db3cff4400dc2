using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>An image directory of one test's own, of the same path on every host; all that is in it goes with it.</summary>
internal sealed class HostDirectory(TestStore store) : IAsyncDisposable
{
    // What the tiny guest needs, so that several fit beside each other.
    private static readonly string[] Small = ["--memory", "256M"];

    /// <summary>Its path, where libvirt's hypervisor may read.</summary>
    public string Path { get; } = $"/var/lib/libvirt/images/test-{Guid.NewGuid():N}";

    /// <summary>The base images.</summary>
    public string Images => Path + "/images";

    /// <summary>The machines.</summary>
    public string Machines => Path + "/vms";

    /// <summary>Starts a sync with <c>--json</c>.</summary>
    public EngineProgram StartSync(string image, IEnumerable<string> hosts, string[]? options = null, IReadOnlyDictionary<string, string?>? environment = null) =>
        Start(["sync", image, .. hosts.SelectMany(host => new[] { "--host", host }), .. store.Options, .. options ?? []], environment);

    /// <summary>Syncs an image.</summary>
    public async Task<EngineAnswer> SyncAsync(
        string image, IEnumerable<string> hosts, string[]? options = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        await using EngineProgram sync = StartSync(image, hosts, options, environment);
        return await sync.FinishedAsync();
    }

    /// <summary>Syncs an image to one host, which succeeds.</summary>
    public async Task<SyncResult> SyncAsync(string image, KvmHost host) => (await SyncAsync(image, [host.Name])).Result<SyncResult>();

    /// <summary>Has the engine on the hosts, so that what comes next does not bring it along.</summary>
    public Task InstallEngineAsync(IEnumerable<KvmHost> hosts) => Task.WhenAll(hosts.Select(async host => (await VmAsync("list", host)).Succeeded()));

    /// <summary>Starts <c>vm create</c> with <c>--json</c>.</summary>
    public EngineProgram StartCreate(string name, KvmHost host, params string[] options) =>
        Start(["vm", "create", name, "--host", host.Name, .. options.Contains("--memory") ? [] : Small, .. store.Options, .. options], environment: null);

    /// <summary>Makes a machine.</summary>
    public async Task<EngineAnswer> CreateAsync(string name, KvmHost host, params string[] options)
    {
        await using EngineProgram create = StartCreate(name, host, options);
        return await create.FinishedAsync();
    }

    /// <summary>Runs <c>vm list</c> or <c>vm remove</c>.</summary>
    public Task<EngineAnswer> VmAsync(string command, KvmHost host, params string[] arguments) => RunAsync(["vm", command, "--host", host.Name, .. arguments]);

    /// <summary>Runs <c>host images</c>, <c>remove</c>, <c>verify</c> or <c>test</c>.</summary>
    public Task<EngineAnswer> HostAsync(string command, KvmHost host, params string[] arguments) => RunAsync(["host", command, .. arguments, "--host", host.Name]);

    public async ValueTask DisposeAsync()
    {
        // Machines that a failed test left, then the files.
        string command =
            $"for vm in $(ls '{Machines}' 2>/dev/null); do virsh destroy $vm; virsh undefine $vm; done >/dev/null 2>&1; rm -rf '{Path}'";
        await Task.WhenAll(Testbed.Hosts.Select(host => host.RunAsync(command)));
    }

    private async Task<EngineAnswer> RunAsync(string[] command)
    {
        await using EngineProgram program = Start(command, environment: null);
        return await program.FinishedAsync();
    }

    private EngineProgram Start(string[] command, IReadOnlyDictionary<string, string?>? environment)
    {
        var variables = new Dictionary<string, string?> { ["IMAGEFABRIC_SSH_CONFIG"] = Testbed.SshConfig };
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
            variables[name] = value;
        return EngineProgram.Start([.. command, "--image-directory", Path, "--json"], variables);
    }
}
