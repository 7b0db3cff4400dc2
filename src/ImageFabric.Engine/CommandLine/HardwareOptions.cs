using System.CommandLine;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The options that say what else a machine is made of. KVM hosts take the address of the card; the rest is Hyper-V's.</summary>
internal sealed class HardwareOptions
{
    private readonly Option<string?> macAddress = new("--mac") { Description = "Address of the network card, six pairs of hexadecimal digits.", HelpName = "address" };

    private readonly Option<int?> vlan = new("--vlan") { Description = "VLAN of the network card, 1 to 4094. Hyper-V only.", HelpName = "number" };

    private readonly Option<long?> memoryMinimum = new("--memory-min")
    {
        Description = "Least memory, which makes it dynamic. Hyper-V only.", CustomParser = SizeArgument.Parse, HelpName = "size",
    };

    private readonly Option<long?> memoryMaximum = new("--memory-max")
    {
        Description = "Most memory, which makes it dynamic. Hyper-V only.", CustomParser = SizeArgument.Parse, HelpName = "size",
    };

    private readonly Option<string?> secureBoot = new("--secure-boot")
    {
        Description = "Off, Windows or UefiCa. Without it: by the image's label os, otherwise Off. With UEFI on Hyper-V.", HelpName = "template",
    };

    private readonly Option<bool> tpm = new("--tpm") { Description = "Give it a virtual TPM. With UEFI on Hyper-V." };

    private readonly Option<string?> startAction = new("--start-action")
    {
        Description = "None, StartIfRunning or Start: what happens when the host starts. Hyper-V only.", HelpName = "action",
    };

    private readonly Option<string?> checkpoints = new("--checkpoints")
    {
        Description = "Disabled, Standard, Production or ProductionOnly. Hyper-V only.", HelpName = "kind",
    };

    private readonly Option<string[]> bootOrder = new("--boot-order")
    {
        Description = "Disk, Dvd, Network: what it boots from, in order. Hyper-V only.", HelpName = "device", AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> unattend = new("--unattend") { Description = "File with answers for Windows Setup, in place of cloud-init.", HelpName = "file" };

    public HardwareOptions(Command command)
    {
        foreach (Option option in new Option[] { macAddress, vlan, memoryMinimum, memoryMaximum, secureBoot, tpm, startAction, checkpoints, bootOrder, unattend })
            command.Options.Add(option);
    }

    /// <summary>Puts what was given into a request.</summary>
    public async Task ReadAsync(ParseResult parsed, VmCreateRequest request, CancellationToken cancellationToken)
    {
        request.MacAddress = parsed.GetValue(macAddress);
        request.Vlan = parsed.GetValue(vlan);
        request.MemoryMinimumBytes = parsed.GetValue(memoryMinimum);
        request.MemoryMaximumBytes = parsed.GetValue(memoryMaximum);
        request.SecureBoot = parsed.GetValue(secureBoot);
        request.Tpm = parsed.GetValue(tpm);
        request.StartAction = parsed.GetValue(startAction);
        request.Checkpoints = parsed.GetValue(checkpoints);
        request.BootOrder = parsed.GetValue(bootOrder) is { Length: > 0 } order ? order : null;
        request.Unattend = await VmCommands.ReadAsync(parsed.GetValue(unattend), cancellationToken).ConfigureAwait(false);
    }
}
