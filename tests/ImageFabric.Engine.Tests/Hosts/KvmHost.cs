using System.Globalization;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>A KVM host of the testbed, as somebody sees it who is logged in there.</summary>
/// <param name="Name">The name that ssh_config knows.</param>
/// <param name="Address">Its IPv4 address.</param>
internal sealed record KvmHost(string Name, string Address)
{
    /// <summary>Runs a command on the host and gives what it wrote.</summary>
    public Task<string> RunAsync(string command) => Tool.RunAsync("ssh", "-F", Testbed.SshConfig, Name, command);

    /// <summary>SHA-256 of a file on the host, in lower-case hexadecimal digits.</summary>
    public async Task<string> DigestAsync(string path) => (await RunAsync($"sha256sum '{path}'")).Split(' ')[0];

    /// <summary>The files under a directory of the host, relative to it; none when it does not exist.</summary>
    public async Task<string[]> FilesAsync(string directory) =>
        (await RunAsync($"test ! -d '{directory}' || find '{directory}' -type f -printf '%P\\n'")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Names of all machines that libvirt has.</summary>
    public async Task<string[]> MachinesAsync() => (await RunAsync("virsh list --all --name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Bytes that came in at the host's network card since it was switched on.</summary>
    public async Task<long> ReceivedBytesAsync() =>
        long.Parse(await RunAsync("sed -n 's/^ *eth0: *\\([0-9]*\\) .*/\\1/p' /proc/net/dev"), CultureInfo.InvariantCulture);

    /// <summary>Waits until a condition of the shell holds, and fails when it does not come to that.</summary>
    public Task UntilAsync(string condition) => RunAsync($"for i in $(seq 600); do {condition} && exit 0; sleep 0.2; done; exit 1");

    /// <summary>Waits until no engine runs on the host, since one that was given up ends by itself.</summary>
    public Task EnginesEndedAsync() => UntilAsync("! pgrep -x imagefabric >/dev/null");
}
