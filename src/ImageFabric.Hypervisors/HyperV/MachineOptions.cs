using ImageFabric.Hypervisors.Machines;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>What a request asks of Hyper-V in particular, checked and in Hyper-V's own words.</summary>
/// <param name="Generation">1 (BIOS) or 2 (UEFI).</param>
/// <param name="Memory">Memory.</param>
/// <param name="BootOrder">Devices to boot from, in order.</param>
/// <param name="SecureBootTemplate">Null: no Secure Boot.</param>
/// <param name="StartAction">Null: as Hyper-V makes it.</param>
/// <param name="Checkpoints">Null: as Hyper-V makes it.</param>
internal sealed record MachineOptions(
    int Generation, MemoryOrder Memory, string[] BootOrder, string? SecureBootTemplate, string? StartAction, string? Checkpoints)
{
    private const long MemoryUnit = 2L << 20;
    private const long LeastMemory = 32L << 20;
    private const int LastVlan = 4094;

    private static readonly string[] Devices = ["Disk", "Dvd", "Network"];

    private static readonly Dictionary<string, string> StartActions = new() { ["None"] = "Nothing", ["StartIfRunning"] = "StartIfRunning", ["Start"] = "Start" };

    private static readonly Dictionary<string, string> CheckpointTypes =
        new[] { "Disabled", "Standard", "Production", "ProductionOnly" }.ToDictionary(static word => word);

    /// <summary>Checks a request.</summary>
    /// <exception cref="HypervisorException"><c>InvalidRequest</c> or <c>VmOptionNotSupported</c>.</exception>
    public static MachineOptions From(VmCreateRequest request, MachineOrder order, BaseImage image)
    {
        if (request.Vlan is < 1 or > LastVlan)
            throw Invalid(request, $"{request.Vlan} is no VLAN; 1 to {LastVlan} are.");
        if (request.Network == "none" && (request.Vlan is not null || request.MacAddress is not null))
            throw Invalid(request, "A machine without a network card has neither an address of one nor a VLAN.");
        if (!order.Uefi && request.Tpm)
            throw NotSupported(request, "a virtual TPM");
        if (!order.Uefi && request.SecureBoot is not (null or VmCreateRequest.SecureBootOff))
            throw NotSupported(request, "Secure Boot");
        return new MachineOptions(
            order.Uefi ? 2 : 1,
            MemoryOf(request, order),
            BootOrderOf(request),
            order.Uefi ? TemplateOf(request, image) : null,
            Word(request, request.StartAction, StartActions, "start action"),
            Word(request, request.Checkpoints, CheckpointTypes, "kind of checkpoints"));
    }

    private static MemoryOrder MemoryOf(VmCreateRequest request, MachineOrder order)
    {
        long startup = RoundUp(order.MemoryBytes);
        if (startup < LeastMemory)
            throw Invalid(request, $"{order.MemoryBytes} bytes of memory are less than the {LeastMemory} (32 MiB) that Hyper-V wants.");
        bool isDynamic = request.MemoryMinimumBytes is not null || request.MemoryMaximumBytes is not null;
        long minimum = RoundUp(request.MemoryMinimumBytes ?? startup);
        long maximum = RoundUp(request.MemoryMaximumBytes ?? startup);
        if (minimum < LeastMemory || minimum > startup || maximum < startup)
            throw Invalid(request, $"Dynamic memory of {minimum} to {maximum} bytes does not have the {startup} of the start between its ends, or begins below 32 MiB.");
        return new MemoryOrder(startup, isDynamic, minimum, maximum);
    }

    private static string[] BootOrderOf(VmCreateRequest request)
    {
        string[] order = request.BootOrder ?? ["Disk", "Dvd"];
        if (order.Length == 0 || order.Distinct().Count() != order.Length || order.Except(Devices).Any())
            throw Invalid(request, $"A boot order names {string.Join(", ", Devices)}, each at most once.");
        return order;
    }

    // The template decides whose boot loaders the firmware trusts: those of Windows, or those that the UEFI CA has signed for Linux and others.
    private static string? TemplateOf(VmCreateRequest request, BaseImage image) => request.SecureBoot switch
    {
        VmCreateRequest.SecureBootOff => null,
        VmCreateRequest.SecureBootWindows => "MicrosoftWindows",
        VmCreateRequest.SecureBootUefiCa => "MicrosoftUEFICertificateAuthority",
        null when request.Unattend is not null || string.Equals(image.GuestSystem, "windows", StringComparison.OrdinalIgnoreCase) => "MicrosoftWindows",
        null when image.GuestSystem is not null => "MicrosoftUEFICertificateAuthority",
        null => null,
        _ => throw Invalid(request, $"'{request.SecureBoot}' is no way of Secure Boot; Off, Windows and UefiCa are."),
    };

    private static string? Word(VmCreateRequest request, string? asked, Dictionary<string, string> words, string what) =>
        asked is null ? null
        : words.TryGetValue(asked, out string? word) ? word
        : throw Invalid(request, $"'{asked}' is no {what}; {string.Join(", ", words.Keys)} are.");

    private static long RoundUp(long bytes) => bytes > long.MaxValue - MemoryUnit ? bytes : (bytes + MemoryUnit - 1) / MemoryUnit * MemoryUnit;

    private static HypervisorException Invalid(VmCreateRequest request, string message) => new("InvalidRequest", request.Name, message);

    private static HypervisorException NotSupported(VmCreateRequest request, string what) =>
        new("VmOptionNotSupported", request.Name, $"A machine of generation 1, which boots by BIOS, cannot be given {what}.");
}
