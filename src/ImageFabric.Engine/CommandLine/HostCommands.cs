using System.CommandLine;
using ImageFabric.Engine.Operations;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The commands that look after one host: the images it keeps, and what it has for machines.</summary>
internal static class HostCommands
{
    public static Command Host() => new("host", "Looks after a host: its images, and what it has for machines.") { Images(), Remove(), Verify(), Test() };

    private static Command Images()
    {
        var command = new Command("images", "Lists the images of a host, what they take, and which machines are based on them.");
        var host = new HostOptions(command, several: false);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => HostOperations.RunAsync<HostImageResult>(
            host.Read(parsed), new HostImageListRequest { ImageDirectory = host.ImageDirectory(parsed) }, output, cancellationToken));
        return command;
    }

    private static Command Remove()
    {
        Argument<string[]> images = ImageNames();
        var keep = new Option<int?>("--keep-last") { Description = "The newest versions of each name that stay.", HelpName = "count" };
        var unused = new Option<int?>("--unused-days") { Description = "Only what was not used for so many days.", HelpName = "days" };
        var free = new Option<long?>("--free") { Description = "Only until so much is free, such as 100G; the longest unused first.", CustomParser = SizeArgument.Parse, HelpName = "size" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be removed, and remove nothing." };
        var command = new Command("remove", "Removes images from a host. What a machine is based on stays.") { images, keep, unused, free, dryRun };
        var host = new HostOptions(command, several: false);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => HostOperations.RunAsync<HostImageResult>(
            host.Read(parsed),
            new HostImageRemoveRequest
            {
                ImageDirectory = host.ImageDirectory(parsed),
                Images = parsed.GetRequiredValue(images),
                KeepLast = parsed.GetValue(keep),
                UnusedSeconds = parsed.GetValue(unused) * 86400L,
                FreeBytes = parsed.GetValue(free),
                PlanOnly = parsed.GetValue(dryRun),
            },
            output,
            cancellationToken));
        return command;
    }

    private static Command Verify()
    {
        Argument<string[]> images = ImageNames();
        var command = new Command("verify", "Reads images of a host and checks every byte.") { images };
        var host = new HostOptions(command, several: false);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => HostOperations.VerifyAsync(
            host.Read(parsed), new HostImageTestRequest { ImageDirectory = host.ImageDirectory(parsed), Images = parsed.GetRequiredValue(images) }, output, cancellationToken));
        return command;
    }

    private static Command Test()
    {
        var free = new Option<long?>("--free") { Description = "Room that should be free for images; 10G if not given.", CustomParser = SizeArgument.Parse, HelpName = "size" };
        var command = new Command("test", "Says what a host lacks for images and machines, and what to do about it.") { free };
        var host = new HostOptions(command, several: false);
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => HostOperations.RunAsync<HostTestResult>(
            host.Read(parsed),
            new HostTestRequest
            {
                ImageDirectory = host.ImageDirectory(parsed),
                StoreAddress = StoreAddress.ForHosts(store.Read(parsed)),
                FreeBytes = parsed.GetValue(free),
            },
            output,
            cancellationToken));
        return command;
    }

    private static Argument<string[]> ImageNames() => new("image")
    {
        Description = "NAME[:VERSION] with the wildcards * and ?, or sha256:…",
        Arity = ArgumentArity.OneOrMore,
    };
}
