namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Makes the way to a host slow, so that there is time to disturb a transfer.</summary>
internal sealed class SlowLink : IAsyncDisposable
{
    private readonly string link;

    private SlowLink(string link) => this.link = link;

    /// <summary>Limits what the host receives, in megabits per second.</summary>
    public static async Task<SlowLink> ToAsync(KvmHost host, int megabits)
    {
        // The other end of the host's network card lies in this machine's own network.
        string number = (await host.RunAsync("cat /sys/class/net/eth0/iflink")).Trim();
        string link = Directory.EnumerateDirectories("/sys/class/net")
            .First(d => File.Exists(Path.Combine(d, "ifindex")) && File.ReadAllText(Path.Combine(d, "ifindex")).Trim() == number);
        var slow = new SlowLink(Path.GetFileName(link));
        await Tool.RunAsync("tc", "qdisc", "replace", "dev", slow.link, "root", "tbf", "rate", $"{megabits}mbit", "burst", "256k", "latency", "400ms");
        return slow;
    }

    /// <summary>Pulls the cable, and plugs it in again after a while.</summary>
    public async Task CutAsync(TimeSpan duration)
    {
        await Tool.RunAsync("ip", "link", "set", link, "down");
        try
        {
            await Task.Delay(duration);
        }
        finally
        {
            await Tool.RunAsync("ip", "link", "set", link, "up");
        }
    }

    /// <summary>Makes it fast again. A host whose power was cut has taken its link along.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists("/sys/class/net/" + link) && (await Tool.RunAsync("tc", "qdisc", "show", "dev", link)).Contains("tbf"))
            await Tool.RunAsync("tc", "qdisc", "del", "dev", link, "root");
    }
}
