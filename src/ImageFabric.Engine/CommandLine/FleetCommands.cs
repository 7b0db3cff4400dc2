using System.CommandLine;
using ImageFabric.Disks;
using ImageFabric.Engine.Operations;
using ImageFabric.Fleet;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The commands that work on many hosts.</summary>
internal static class FleetCommands
{
    public static Command Sync()
    {
        var image = new Argument<string>("image") { Description = "NAME[:VERSION]; without a version the newest." };
        var throttle = new Option<int>("--throttle") { Description = "Hosts at the same time.", DefaultValueFactory = _ => 8 };
        var format = new Option<string?>("--format") { Description = $"Format of the file on the hosts: {string.Join(", ", DiskTarget.Formats)}. Without it: raw." };
        var timeout = new Option<int?>("--timeout") { Description = "Seconds a host may take.", HelpName = "seconds" };
        var fanOut = new Option<bool>("--fan-out") { Description = "Have the hosts give each other what they have, so that the store sends the image about once. They must reach each other." };
        var peers = new Option<string[]>("--peer-network") { Description = "A network in which hosts of a fan-out may ask each other, such as 10.1.0.0/16. Without it: each at the address it is reached by.", HelpName = "cidr" };
        var tunnel = new Option<bool>("--tunnel") { Description = "Have the hosts reach the store through their SSH connections, by way of this machine." };
        var cache = new Option<string?>("--cache-endpoint") { Description = "Address of an HTTP cache in front of the store that the hosts are to ask.", HelpName = "url" };
        Option<long?> bandwidth = StoreCommands.Bandwidth("The most bytes that each host takes in a second, such as 20M. Without it: as many as go.");
        var command = new Command("sync", "Brings an image to hosts. They take it from the store themselves; nothing of it passes through this machine.")
        {
            image, throttle, format, timeout, fanOut, peers, tunnel, cache, bandwidth,
        };
        var hosts = new HostOptions(command, several: true);
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => SyncOperation.RunAsync(
            new SyncRequest(
                store.Read(parsed),
                parsed.GetRequiredValue(image),
                hosts.ReadAll(parsed),
                new ImageSyncOptions
                {
                    Throttle = parsed.GetValue(throttle) is >= 1 and <= 1000 and var most ? most : throw new OperationException("InvalidRequest", null, "--throttle is 1 to 1000."),
                    Format = parsed.GetValue(format) is { } name ? DiskFormat.Check(name) : null,
                    ImageDirectory = hosts.ImageDirectory(parsed),
                    FanOut = parsed.GetValue(fanOut),
                    PeerNetworks = parsed.GetValue(peers) ?? [],
                    Tunnel = parsed.GetValue(tunnel),
                    CacheEndpoint = parsed.GetValue(cache),
                    BandwidthLimit = parsed.GetValue(bandwidth),
                    Timeout = parsed.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                }),
            output,
            cancellationToken));
        return command;
    }
}
