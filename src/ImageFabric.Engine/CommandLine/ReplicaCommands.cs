using System.CommandLine;
using ImageFabric.Engine.Operations;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The commands that work on two images or on two stores.</summary>
internal static class ReplicaCommands
{
    public static Command Compare()
    {
        var reference = new Argument<string>("reference") { Description = "NAME[:VERSION] to compare with; without a version the newest." };
        var difference = new Argument<string>("difference") { Description = "NAME[:VERSION] to compare." };
        var command = new Command("compare", "Says what two published images share and what is new, without reading their data.") { reference, difference };
        var store = new StoreOptions(command);
        StoreOptions other = StoreOptions.Second(command, "difference-store", "The store of the second image: a directory, or s3://bucket/prefix. Without it: the same.");
        OutputOptions.Bind(command, (parsed, output, cancellationToken) =>
        {
            StoreReference first = store.Read(parsed);
            return CompareOperation.RunAsync(
                new CompareRequest
                {
                    Store = first,
                    Reference = parsed.GetRequiredValue(reference),
                    Difference = parsed.GetRequiredValue(difference),
                    DifferenceStore = other.ReadSecond(parsed, first),
                },
                output,
                cancellationToken);
        });
        return command;
    }

    public static Command Copy()
    {
        var image = new Argument<string>("image") { Description = "NAME[:VERSION] with the wildcards * and ?; version latest gives the newest." };
        var throttle = new Option<int?>("--throttle") { Description = "Packs on their way at the same time, 1 to 64; 4 if not given." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be copied; copy nothing." };
        var command = new Command("copy", "Copies published images to another store. Only what is missing there is moved; a copy that broke off goes on.") { image, throttle, dryRun };
        var store = new StoreOptions(command);
        StoreOptions destination = StoreOptions.Second(command, "to", "The store to copy to: a directory, or s3://bucket/prefix. It is made when it does not exist.", required: true);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) =>
        {
            StoreReference first = store.Read(parsed);
            return CopyOperation.RunAsync(
                new CopyRequest
                {
                    Store = first,
                    Image = parsed.GetRequiredValue(image),
                    Destination = destination.ReadSecond(parsed, first),
                    Throttle = parsed.GetValue(throttle),
                    PlanOnly = parsed.GetValue(dryRun),
                },
                output,
                cancellationToken);
        });
        return command;
    }

    public static Command Repair()
    {
        var image = new Argument<string?>("image") { Description = "NAME[:VERSION] with the wildcards * and ?. Without it: every image of the store.", Arity = ArgumentArity.ZeroOrOne };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what is damaged; change nothing." };
        var command = new Command("repair", "Reads published images back and makes good what is damaged or lost, from another store or from hosts that have the images.") { image, dryRun };
        var hosts = new HostOptions(command, several: true, optional: true);
        var store = new StoreOptions(command);
        StoreOptions source = StoreOptions.Second(command, "from", "Another store that has the images: a directory, or s3://bucket/prefix.");
        OutputOptions.Bind(command, (parsed, output, cancellationToken) =>
        {
            StoreReference first = store.Read(parsed);
            return RepairOperation.RunAsync(
                new RepairRequest
                {
                    Store = first,
                    Image = parsed.GetValue(image),
                    Source = source.ReadSecond(parsed, first),
                    Hosts = [.. hosts.ReadNamed(parsed).Select(host => new HostReference
                    {
                        Name = host.Name, UserName = host.User, Port = host.Port, KeyFile = host.KeyFilePath, Options = new Dictionary<string, string>(host.Options), ImageDirectory = hosts.ImageDirectory(parsed),
                    })],
                    PlanOnly = parsed.GetValue(dryRun),
                },
                output,
                cancellationToken);
        });
        return command;
    }
}
