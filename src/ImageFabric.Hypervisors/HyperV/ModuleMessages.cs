using System.Text.Json.Serialization;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>Parameters of <c>create.ps1</c>. Paths are absolute, sizes in bytes; what is null stays as Hyper-V makes it.</summary>
/// <param name="Name">The machine's name.</param>
/// <param name="Directory">The machine's directory, in which Hyper-V keeps its files too.</param>
/// <param name="Disk">The disk: to be made on <paramref name="Parent"/>, or there already.</param>
/// <param name="Parent">The file that the disk holds only its differences from. Null: the disk is a whole copy.</param>
/// <param name="DiskSize">Size that the disk has at least.</param>
/// <param name="Generation">1 (BIOS) or 2 (UEFI).</param>
/// <param name="Cpu">Virtual processors.</param>
/// <param name="Memory">Memory.</param>
/// <param name="Network">A virtual switch, or <c>none</c>.</param>
/// <param name="Vlan">VLAN of the network card.</param>
/// <param name="MacAddress">Twelve hexadecimal digits.</param>
/// <param name="Seed">The ISO for the DVD drive.</param>
/// <param name="BootOrder"><c>Disk</c>, <c>Dvd</c>, <c>Network</c>, each at most once.</param>
/// <param name="SecureBootTemplate">Hyper-V's name of it. Null: no Secure Boot.</param>
/// <param name="Tpm">With a virtual TPM.</param>
/// <param name="StartAction">Hyper-V's word for what happens to the machine when the host starts.</param>
/// <param name="Checkpoints">Hyper-V's word for the kind of checkpoints.</param>
/// <param name="Notes">The machine's notes, which mark it as ours.</param>
/// <param name="Start">Start it.</param>
internal sealed record CreationOrder(
    string Name,
    string Directory,
    string Disk,
    string? Parent,
    long DiskSize,
    int Generation,
    int Cpu,
    MemoryOrder Memory,
    string? Network,
    int? Vlan,
    string? MacAddress,
    string Seed,
    string[] BootOrder,
    string? SecureBootTemplate,
    bool Tpm,
    string? StartAction,
    string? Checkpoints,
    string Notes,
    bool Start);

/// <summary>Memory of a machine, in bytes; minimum and maximum count when it is dynamic.</summary>
internal sealed record MemoryOrder(long Startup, bool IsDynamic, long Minimum, long Maximum);

/// <summary>The machine that was made, and the switch that was chosen; null for none.</summary>
internal sealed record CreationAnswer(MachineDescription Machine, string? Switch);

/// <summary>Parameters of <c>list.ps1</c>.</summary>
internal sealed record ListingRequest(string? Id);

/// <summary>Answer of <c>list.ps1</c>.</summary>
internal sealed record ListingAnswer(MachineDescription[] Machines);

/// <summary>Parameters of <c>remove.ps1</c>.</summary>
internal sealed record RemovalRequest(string? Id, string Directory);

/// <summary>How many machines <c>remove.ps1</c> removed.</summary>
internal sealed record RemovalAnswer(int Removed);

/// <summary>Parameters of <c>wait.ps1</c>.</summary>
internal sealed record WaitRequest(string Id, double Seconds, int IntervalMilliseconds);

/// <summary>The machine after the wait; null when it is gone.</summary>
internal sealed record WaitAnswer(MachineDescription? Machine);

/// <summary>Parameters of an operation that has none.</summary>
internal sealed record NoParameters;

/// <summary>Answer of <c>uses.ps1</c>.</summary>
internal sealed record UsesAnswer(FileUseDescription[] Uses);

/// <summary>A file that a machine needs.</summary>
internal sealed record FileUseDescription(string Machine, string Path);

/// <summary>Answer of <c>examine.ps1</c>.</summary>
internal sealed record HostDescription(string ModuleVersion, string[] ConfigurationVersions, string[] Switches);

/// <summary>A machine as Hyper-V has it.</summary>
/// <param name="Id">Hyper-V's id.</param>
/// <param name="Name">Its name now.</param>
/// <param name="Notes">Its notes.</param>
/// <param name="Path">The directory in which Hyper-V keeps its files.</param>
/// <param name="State">Hyper-V's word.</param>
/// <param name="Cpu">Virtual processors.</param>
/// <param name="Memory">Startup memory in bytes.</param>
/// <param name="Disk">The first disk's file.</param>
/// <param name="DiskSize">Its size as the guest sees it, in bytes; 0 when its file is gone.</param>
/// <param name="Addresses">What the integration services tell.</param>
internal sealed record MachineDescription(
    Guid Id, string Name, string Notes, string Path, string State, int Cpu, long Memory, string Disk, long DiskSize, string[] Addresses);

/// <summary>Why an operation failed.</summary>
/// <param name="Id">An id of the error table.</param>
/// <param name="Target">What it is about; empty: what the operation is about.</param>
/// <param name="Command">The cmdlet that failed.</param>
/// <param name="Message">Its words.</param>
internal sealed record ModuleFailure(string Id, string? Target, string? Command, string Message);

/// <summary>JSON of what goes to scripts and comes back, generated so that the trimmed engine keeps what it needs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CreationOrder))]
[JsonSerializable(typeof(CreationAnswer))]
[JsonSerializable(typeof(ListingRequest))]
[JsonSerializable(typeof(ListingAnswer))]
[JsonSerializable(typeof(RemovalRequest))]
[JsonSerializable(typeof(RemovalAnswer))]
[JsonSerializable(typeof(WaitRequest))]
[JsonSerializable(typeof(WaitAnswer))]
[JsonSerializable(typeof(NoParameters))]
[JsonSerializable(typeof(UsesAnswer))]
[JsonSerializable(typeof(HostDescription))]
[JsonSerializable(typeof(ModuleFailure))]
internal sealed partial class ModuleJson : JsonSerializerContext;
