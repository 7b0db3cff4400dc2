using System.Globalization;
using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Limits the links of the testbed's store and hosts, until it is disposed.</summary>
internal sealed class LinkShape : IAsyncDisposable
{
    private static readonly string Script = Path.Combine(Repository.Root, "tests", "testbed", "shape.sh");
    private static readonly string Directory = Environment.GetEnvironmentVariable("IMAGEFABRIC_TESTBED") ?? "";

    private static IEnumerable<string> Targets => ["store", .. Testbed.Hosts.Select(h => h.Name)];

    /// <summary>Limits them, in megabits a second.</summary>
    public static async Task<LinkShape> LimitAsync(int store, int hosts)
    {
        foreach (string target in Targets)
            await Tool.RunAsync(Script, Directory, target, $"{(target == "store" ? store : hosts)}mbit");
        return new LinkShape();
    }

    /// <summary>Bytes that the store's end of the switch has sent, whatever they were.</summary>
    public long StoreSentBytes()
    {
        string slot = File.ReadAllText(Path.Combine(Directory, "slot")).Trim();
        return long.Parse(File.ReadAllText($"/sys/class/net/ifab{slot}/statistics/tx_bytes"), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string target in Targets)
            await Tool.RunAsync(Script, Directory, target, "off");
    }
}
