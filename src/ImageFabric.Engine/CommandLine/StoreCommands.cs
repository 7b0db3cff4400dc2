using System.CommandLine;
using ImageFabric.Disks;
using ImageFabric.Engine.Operations;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The commands that work on a store and on files of this machine.</summary>
internal static class StoreCommands
{
    public static Command Publish()
    {
        var name = new Option<string>("--name") { Description = "Name of the image.", Required = true };
        var version = new Option<string>("--version") { Description = "Version of the image. A published version never changes.", Required = true };
        var labels = new Option<string[]>("--label") { Description = "A label for the manifest.", HelpName = "Name=Value" };
        var level = new Option<int?>("--compression-level") { Description = "zstd level, 1 to 19. Without it: 2 for the first version of an image, 3 for others." };
        var uploads = new Option<int?>("--throttle") { Description = "Uploads at the same time, at most, 1 to 64; 4 if not given." };
        var deltas = new Option<string[]>("--delta-from") { Description = "Also make a delta from this version of the image, so that hosts that have it fetch less; latest is the newest other one.", HelpName = "version" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Read the disk and say what would be uploaded; upload nothing." };
        Option<long?> bandwidth = Bandwidth();
        var memory = new Option<long?>("--memory-budget") { Description = "Memory for the work, such as 1G; 256M if not given. A small one finds less of what the store has.", CustomParser = SizeArgument.Parse, HelpName = "size" };
        var command = new Command("publish", "Publishes a disk image file into a store. Content that the store has already is not sent again.")
        {
            name, version, labels, level, uploads, bandwidth, memory, deltas, dryRun,
        };
        var source = new SourceArgument(command);
        var policy = new PolicyOptions(command);
        var signing = new SigningOptions(command);
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => PublishOperation.RunAsync(
            new PublishRequest
            {
                Store = store.Read(parsed),
                Source = source.Read(parsed),
                SourceService = source.Service(parsed),
                Policy = policy.Read(parsed),
                Name = parsed.GetRequiredValue(name),
                Version = parsed.GetRequiredValue(version),
                Labels = KeyValue.Parse(parsed.GetValue(labels) ?? [], "--label"),
                CompressionLevel = parsed.GetValue(level),
                Throttle = parsed.GetValue(uploads),
                BandwidthLimit = parsed.GetValue(bandwidth),
                MemoryBudget = parsed.GetValue(memory),
                DeltaFrom = parsed.GetValue(deltas) is { Length: > 0 } from ? from : null,
                Signing = signing.Read(parsed),
                PlanOnly = parsed.GetValue(dryRun),
            },
            output,
            cancellationToken));
        return command;
    }

    public static Command List()
    {
        Argument<string?> image = OptionalImage("NAME[:VERSION] with the wildcards * and ?; version latest gives the newest. Without it: all.");
        var command = new Command("list", "Lists the published images of a store.") { image };
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) =>
            CatalogOperations.ListAsync(new ListRequest { Store = store.Read(parsed), Image = parsed.GetValue(image) }, output, cancellationToken));
        return command;
    }

    public static Command Pull()
    {
        Argument<string> image = Image("NAME[:VERSION]; without a version the newest.");
        var file = new Option<string>("--output") { Description = "The file to make. While it is not whole it is called FILE.partial; the same command goes on with it.", HelpName = "file", Required = true };
        var format = new Option<string?>("--format") { Description = $"{string.Join(", ", DiskTarget.Formats.Concat(PackedDisk.Formats))}. Without it: by the file's extension, otherwise raw." };
        var seeds = new Option<string[]>("--seed") { Description = "A disk image file whose unchanged parts are taken instead of fetched.", HelpName = "file" };
        var force = new Option<bool>("--force") { Description = "Replace the file if it exists." };
        Option<long?> bandwidth = Bandwidth();
        var command = new Command("pull", "Takes an image from a store into a file, verified.") { image, file, format, seeds, force, bandwidth };
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => FilePullOperation.RunAsync(
            new SaveRequest
            {
                Store = store.Read(parsed),
                Image = parsed.GetRequiredValue(image),
                Output = PathArgument.Full(parsed.GetRequiredValue(file), "--output"),
                Format = parsed.GetValue(format),
                Seeds = [.. (parsed.GetValue(seeds) ?? []).Select(seed => PathArgument.Full(seed, "--seed"))],
                Replace = parsed.GetValue(force),
                BandwidthLimit = parsed.GetValue(bandwidth),
            },
            output,
            cancellationToken));
        return command;
    }

    public static Command Test()
    {
        var command = new Command("test", "Looks whether a disk image file can be published, without a store.");
        var source = new SourceArgument(command);
        var policy = new PolicyOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => CatalogOperations.TestAsync(
            new TestRequest { Source = source.Read(parsed), SourceService = source.Service(parsed), Policy = policy.Read(parsed) }, output, cancellationToken));
        return command;
    }

    public static Command Verify()
    {
        Argument<string?> image = OptionalImage("NAME[:VERSION] with the wildcards * and ?. Without it: every image of the store, and packs that none names.");
        var command = new Command("verify", "Reads published images back and checks everything.") { image };
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) =>
            CatalogOperations.VerifyAsync(new VerifyRequest { Store = store.Read(parsed), Image = parsed.GetValue(image) }, output, cancellationToken));
        return command;
    }

    public static Command Probe()
    {
        var command = new Command("probe", "Opens a store, makes it when it does not exist, and says what it honours.");
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => CatalogOperations.ProbeAsync(new ProbeRequest { Store = store.Read(parsed) }, output, cancellationToken));
        return command;
    }

    public static Command Remove()
    {
        Argument<string> image = Image("NAME:VERSION, with the wildcards * and ? in both parts.");
        var keep = new Option<int?>("--keep-last") { Description = "Of each image that fits, leave the newest so many of the versions that fit.", HelpName = "number" };
        var command = new Command("remove", "Removes published versions. Their data goes when the store is cleaned (gc), as far as no other version shares it.") { image, keep };
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => CatalogOperations.RemoveAsync(
            new RemoveRequest { Store = store.Read(parsed), Image = parsed.GetRequiredValue(image), KeepLast = parsed.GetValue(keep) }, output, cancellationToken));
        return command;
    }

    public static Command Optimize()
    {
        var grace = new Option<double?>("--grace-hours") { Description = "How long what nothing leads to is kept, first unmarked and then marked; 1 to 720, 24 if not given.", HelpName = "hours" };
        var repack = new Option<int?>("--repack-below") { Description = "Packs of whose bytes less than this share is in use are written anew; 0 to 100, 50 if not given, 0 for none.", HelpName = "percent" };
        var whatIf = new Option<bool>("--what-if") { Description = "Say what would be done, and do nothing." };
        var command = new Command("gc", "Deletes data that no published version needs: marked in one run, deleted in one that comes a grace period later.") { grace, repack, whatIf };
        command.Aliases.Add("optimize");
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => OptimizeOperation.RunAsync(
            new OptimizeRequest
            {
                Store = store.Read(parsed),
                GraceSeconds = parsed.GetValue(grace) is { } hours ? (long)(hours * 3600) : null,
                RepackBelowPercent = parsed.GetValue(repack),
                WhatIf = parsed.GetValue(whatIf),
            },
            output,
            cancellationToken));
        return command;
    }

    /// <summary>A limit of what moves in a second.</summary>
    public static Option<long?> Bandwidth(string description = "The most bytes to and from the store in a second, such as 20M. Without it: as many as go.") => new("--bandwidth-limit")
    {
        Description = description,
        CustomParser = SizeArgument.Parse,
        HelpName = "size",
    };

    private static Argument<string> Image(string description) => new("image") { Description = description };

    private static Argument<string?> OptionalImage(string description) => new("image") { Description = description, Arity = ArgumentArity.ZeroOrOne };
}
