using System.CommandLine;
using ImageFabric.Engine.Operations;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The commands that work on virtual machines of one host.</summary>
internal static class VmCommands
{
    public static Command Vm() => new("vm", "Makes, lists and removes virtual machines of a host.") { Create(), List(), Remove() };

    private static Command Create()
    {
        var name = new Argument<string>("name") { Description = "Name of the machine." };
        var image = new Option<string>("--image") { Description = "NAME[:VERSION]. It is synced first when the host does not have it.", Required = true };
        var cpu = new Option<int?>("--cpu") { Description = "Virtual processors; 1 if not given." };
        var memory = new Option<long?>("--memory") { Description = "Memory, such as 2G; 1G if not given.", CustomParser = SizeArgument.Parse, HelpName = "size" };
        var disk = new Option<long?>("--disk-size") { Description = "Size of the disk; the image's if not given.", CustomParser = SizeArgument.Parse, HelpName = "size" };
        var userData = new Option<string?>("--user-data") { Description = "File with cloud-init user data.", HelpName = "file" };
        var networkConfig = new Option<string?>("--network-config") { Description = "File with cloud-init network configuration.", HelpName = "file" };
        var hostName = new Option<string?>("--guest-host-name") { Description = "The guest's own name; the machine's if not given.", HelpName = "name" };
        var network = new Option<string?>("--network") { Description = "A libvirt network, bridge:NAME, a virtual switch of Hyper-V, or none.", HelpName = "name" };
        var full = new Option<bool>("--full-clone") { Description = "Copy the whole disk instead of its differences only." };
        var firmware = new Option<string?>("--firmware") { Description = "BIOS or UEFI. Without it: UEFI for an image that boots no other way, otherwise BIOS.", HelpName = "name" };
        var start = new Option<bool>("--start") { Description = "Start the machine." };
        var wait = new Option<int?>("--wait") { Description = "Seconds to wait for an address after the start.", HelpName = "seconds" };
        var command = new Command("create", "Makes a virtual machine from an image. When it fails, everything made is removed again.")
        {
            name, image, cpu, memory, disk, userData, networkConfig, hostName, network, firmware, full, start, wait,
        };
        var hardware = new HardwareOptions(command);
        var host = new HostOptions(command, several: false);
        var store = new StoreOptions(command);
        OutputOptions.Bind(command, async (parsed, output, cancellationToken) =>
        {
            var request = new VmCreateRequest
            {
                ImageDirectory = host.ImageDirectory(parsed),
                Name = parsed.GetRequiredValue(name),
                Image = parsed.GetRequiredValue(image),
                Cpu = parsed.GetValue(cpu),
                MemoryBytes = parsed.GetValue(memory),
                DiskSizeBytes = parsed.GetValue(disk),
                UserData = await ReadAsync(parsed.GetValue(userData), cancellationToken).ConfigureAwait(false),
                NetworkConfig = await ReadAsync(parsed.GetValue(networkConfig), cancellationToken).ConfigureAwait(false),
                HostNameInGuest = parsed.GetValue(hostName),
                Network = parsed.GetValue(network),
                Firmware = parsed.GetValue(firmware)?.ToUpperInvariant(),
                FullClone = parsed.GetValue(full),
                Start = parsed.GetValue(start),
                WaitSeconds = parsed.GetValue(wait),
            };
            await hardware.ReadAsync(parsed, request, cancellationToken).ConfigureAwait(false);
            await VmOperations.CreateAsync(store.Read(parsed), host.Read(parsed), request, output, cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    private static Command List()
    {
        var name = new Argument<string?>("name") { Description = "Name with the wildcards * and ?. Without it: all.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("list", "Lists the machines of a host that were made from images.") { name };
        var host = new HostOptions(command, several: false);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => VmOperations.RunAsync(
            host.Read(parsed), new VmListRequest { ImageDirectory = host.ImageDirectory(parsed), Name = parsed.GetValue(name) }, output, cancellationToken));
        return command;
    }

    private static Command Remove()
    {
        var name = new Argument<string>("name") { Description = "Name of the machine." };
        var force = new Option<bool>("--force") { Description = "Also when it runs: it is powered off." };
        var command = new Command("remove", "Removes a machine that was made from an image, and its files. The image stays.") { name, force };
        var host = new HostOptions(command, several: false);
        OutputOptions.Bind(command, (parsed, output, cancellationToken) => VmOperations.RunAsync(
            host.Read(parsed),
            new VmRemoveRequest { ImageDirectory = host.ImageDirectory(parsed), Name = parsed.GetRequiredValue(name), Force = parsed.GetValue(force) },
            output,
            cancellationToken));
        return command;
    }

    internal static async Task<byte[]?> ReadAsync(string? file, CancellationToken cancellationToken)
    {
        if (file is null)
            return null;
        try
        {
            // Read to its end: a pipe, as of a shell's <(…), has no length.
            using FileStream stream = File.OpenRead(file);
            using var content = new MemoryStream();
            byte[] buffer = new byte[81920];
            for (int count; (count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            {
                content.Write(buffer, 0, count);
                if (content.Length > VmCreateRequest.LongestGuestFile)
                    throw new OperationException("InvalidRequest", file, $"{file} is longer than the {VmCreateRequest.LongestGuestFile} bytes that a guest can be told.");
            }

            return content.ToArray();
        }
        catch (FileNotFoundException missing)
        {
            throw new OperationException("FileNotFound", file, $"There is no file {file}.", missing);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new OperationException("FileUnreadable", file, $"{file} cannot be read: {unreadable.Message}", unreadable);
        }
    }
}
