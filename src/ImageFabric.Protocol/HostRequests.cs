using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>A request that works on the host the engine runs on.</summary>
[DataContract]
public abstract class HostRequest : EngineRequest
{
    /// <summary>
    /// Where the host keeps base images and disks of virtual machines. Null: <c>/var/lib/libvirt/images/imagefabric</c> for root,
    /// <c>$XDG_DATA_HOME/imagefabric/host</c> for others, <c>%ProgramData%\ImageFabric</c> on Windows.
    /// </summary>
    [DataMember(Name = "imageDirectory", EmitDefaultValue = false)]
    public string? ImageDirectory { get; set; }
}

/// <summary>Takes an image into the host's image directory.</summary>
[DataContract]
public sealed class PullRequest : HostRequest
{
    /// <summary>Makes a request for <see cref="Operations.Pull"/>.</summary>
    public PullRequest() => Operation = Operations.Pull;

    /// <summary>The image, as the grant's <see cref="ImageResult"/> described it.</summary>
    [DataMember(Name = "image")]
    public ImageResult? Image { get; set; }

    /// <summary>The trust policy of the store, which holds beside the host's own. Null: the store asks for nothing.</summary>
    [DataMember(Name = "trust", EmitDefaultValue = false)]
    public TrustSettings? Trust { get; set; }

    /// <summary>Format of the file: <c>raw</c>, <c>qcow2</c>, <c>vhdx</c>, <c>vhdx-fixed</c>, <c>vhd</c>, <c>vhd-fixed</c> or <c>vmdk</c>. Null: what machines can be made from.</summary>
    [DataMember(Name = "format", EmitDefaultValue = false)]
    public string? Format { get; set; }

    /// <summary>TCP port on the host's loopback that leads to the store, whatever the granted addresses say; their names are asked for all the same. Null: they are connected to as they are.</summary>
    [DataMember(Name = "storePort", EmitDefaultValue = false)]
    public int? StorePort { get; set; }

    /// <summary>The most bytes that the host takes in a second, from the store and from other hosts, and as many that it gives to others; at least 65,536. Null: as many as go.</summary>
    [DataMember(Name = "bandwidthLimit", EmitDefaultValue = false)]
    public long? BandwidthLimit { get; set; }

    /// <summary>Takes part in a fan-out. Null: takes everything from the store, and gives nothing.</summary>
    [DataMember(Name = "fanOut", EmitDefaultValue = false)]
    public FanOutTerms? FanOut { get; set; }
}

/// <summary>Makes a virtual machine from an image on the host. Everything made is removed again when it fails.</summary>
[DataContract]
public sealed class VmCreateRequest : HostRequest
{
    /// <summary>The most bytes of one file for the guest (user data, network configuration, answer file): all of them fit in one line of the protocol.</summary>
    public const int LongestGuestFile = 3 * 1024 * 1024;

    /// <summary><see cref="Firmware"/> of a PC as it was.</summary>
    public const string Bios = "BIOS";

    /// <summary><see cref="Firmware"/> of a PC as it is.</summary>
    public const string Uefi = "UEFI";

    /// <summary><see cref="SecureBoot"/>: the firmware starts any boot loader.</summary>
    public const string SecureBootOff = "Off";

    /// <summary><see cref="SecureBoot"/>: the firmware starts boot loaders of Windows.</summary>
    public const string SecureBootWindows = "Windows";

    /// <summary><see cref="SecureBoot"/>: the firmware starts boot loaders that the UEFI CA signed, as those of Linux.</summary>
    public const string SecureBootUefiCa = "UefiCa";

    /// <summary>Makes a request for <see cref="Operations.VmCreate"/>.</summary>
    public VmCreateRequest() => Operation = Operations.VmCreate;

    /// <summary><c>NAME:VERSION</c> of an image on the host; <c>ImageNotOnHost</c> when it is not there.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary>Name of the virtual machine: 1 to 63 letters, digits, <c>.</c>, <c>_</c>, <c>-</c>; begins with a letter or digit.</summary>
    [DataMember(Name = "name")]
    public string Name { get; set; } = "";

    /// <summary>
    /// <see cref="Bios"/> or <see cref="Uefi"/>, on Hyper-V generation 1 or 2. Null: UEFI for an image that boots no other way, on Hyper-V also for one that
    /// boots both ways, otherwise BIOS.
    /// </summary>
    [DataMember(Name = "firmware", EmitDefaultValue = false)]
    public string? Firmware { get; set; }

    /// <summary>Virtual processors, 1 to 1024. Null: 1.</summary>
    [DataMember(Name = "cpu", EmitDefaultValue = false)]
    public int? Cpu { get; set; }

    /// <summary>Memory in bytes, at least 16 MiB. Null: 1 GiB.</summary>
    [DataMember(Name = "memoryBytes", EmitDefaultValue = false)]
    public long? MemoryBytes { get; set; }

    /// <summary>Size of the disk in bytes, not less than the image's; rounded up to 512. Null: the image's size.</summary>
    [DataMember(Name = "diskSizeBytes", EmitDefaultValue = false)]
    public long? DiskSizeBytes { get; set; }

    /// <summary>cloud-init user data, verbatim. Null: none beyond what <see cref="HostNameInGuest"/> needs.</summary>
    [IgnoreDataMember]
    public byte[]? UserData { get; set; }

    /// <summary>cloud-init user data, its bytes in base 64. Null: none beyond what <see cref="HostNameInGuest"/> needs.</summary>
    [DataMember(Name = "userData", EmitDefaultValue = false)]
    internal string? UserDataText
    {
        get => GuestBytes.ToText(UserData);
        set => UserData = GuestBytes.FromText(value, "userData");
    }

    /// <summary>cloud-init network configuration (version 1 or 2), verbatim. Null: no file.</summary>
    [IgnoreDataMember]
    public byte[]? NetworkConfig { get; set; }

    /// <summary>cloud-init network configuration (version 1 or 2), its bytes in base 64. Null: no file.</summary>
    [DataMember(Name = "networkConfig", EmitDefaultValue = false)]
    internal string? NetworkConfigText
    {
        get => GuestBytes.ToText(NetworkConfig);
        set => NetworkConfig = GuestBytes.FromText(value, "networkConfig");
    }

    /// <summary>The guest's own name, in the seed's meta data. Null: <see cref="Name"/>.</summary>
    [DataMember(Name = "hostNameInGuest", EmitDefaultValue = false)]
    public string? HostNameInGuest { get; set; }

    /// <summary>
    /// A libvirt network, <c>bridge:NAME</c>, a virtual switch of Hyper-V, or <c>none</c>. Null: the network <c>default</c> where the host has it active,
    /// otherwise user-mode networking; on Hyper-V the switch <c>Default Switch</c>, or the only one.
    /// </summary>
    [DataMember(Name = "network", EmitDefaultValue = false)]
    public string? Network { get; set; }

    /// <summary>True: the disk is a whole copy; false: a linked clone on the base image.</summary>
    [DataMember(Name = "fullClone", EmitDefaultValue = false)]
    public bool FullClone { get; set; }

    /// <summary>Address of the network card, six pairs of hexadecimal digits with <c>:</c> or <c>-</c> between them or nothing. Null: the hypervisor's choice.</summary>
    [DataMember(Name = "macAddress", EmitDefaultValue = false)]
    public string? MacAddress { get; set; }

    /// <summary>VLAN of the network card, 1 to 4094; Hyper-V only. Null: none.</summary>
    [DataMember(Name = "vlan", EmitDefaultValue = false)]
    public int? Vlan { get; set; }

    /// <summary>Least memory in bytes, which makes it dynamic; Hyper-V only. Null: as much as at the start.</summary>
    [DataMember(Name = "memoryMinimumBytes", EmitDefaultValue = false)]
    public long? MemoryMinimumBytes { get; set; }

    /// <summary>Most memory in bytes, which makes it dynamic; Hyper-V only. Null: as much as at the start.</summary>
    [DataMember(Name = "memoryMaximumBytes", EmitDefaultValue = false)]
    public long? MemoryMaximumBytes { get; set; }

    /// <summary>
    /// <see cref="SecureBootOff"/>, <see cref="SecureBootWindows"/> or <see cref="SecureBootUefiCa"/>; with UEFI on Hyper-V. Null: Windows for an image with
    /// the label <c>os=windows</c> or with <see cref="Unattend"/>, UefiCa for one with another label <c>os</c>, otherwise Off.
    /// </summary>
    [DataMember(Name = "secureBoot", EmitDefaultValue = false)]
    public string? SecureBoot { get; set; }

    /// <summary>With a virtual TPM; with UEFI on Hyper-V.</summary>
    [DataMember(Name = "tpm", EmitDefaultValue = false)]
    public bool Tpm { get; set; }

    /// <summary>What happens to the machine when the host starts: <c>None</c>, <c>StartIfRunning</c> or <c>Start</c>; Hyper-V only. Null: the hypervisor's choice.</summary>
    [DataMember(Name = "startAction", EmitDefaultValue = false)]
    public string? StartAction { get; set; }

    /// <summary>Kind of checkpoints: <c>Disabled</c>, <c>Standard</c>, <c>Production</c> or <c>ProductionOnly</c>; Hyper-V only. Null: the hypervisor's choice.</summary>
    [DataMember(Name = "checkpoints", EmitDefaultValue = false)]
    public string? Checkpoints { get; set; }

    /// <summary>Devices to boot from, in order: <c>Disk</c>, <c>Dvd</c>, <c>Network</c>; Hyper-V only. Null: disk, then DVD.</summary>
    [DataMember(Name = "bootOrder", EmitDefaultValue = false)]
    public string[]? BootOrder { get; set; }

    /// <summary>Answer file of Windows Setup, verbatim, in place of <see cref="UserData"/> and <see cref="NetworkConfig"/>. Null: none.</summary>
    [IgnoreDataMember]
    public byte[]? Unattend { get; set; }

    /// <summary>Answer file of Windows Setup, its bytes in base 64, in place of <see cref="UserData"/> and <see cref="NetworkConfig"/>. Null: none.</summary>
    [DataMember(Name = "unattend", EmitDefaultValue = false)]
    internal string? UnattendText
    {
        get => GuestBytes.ToText(Unattend);
        set => Unattend = GuestBytes.FromText(value, "unattend");
    }

    /// <summary>Start the machine when it is defined.</summary>
    [DataMember(Name = "start", EmitDefaultValue = false)]
    public bool Start { get; set; }

    /// <summary>How long to wait for an address after the start, in seconds, 0 to 3600. Null: do not wait.</summary>
    [DataMember(Name = "waitSeconds", EmitDefaultValue = false)]
    public int? WaitSeconds { get; set; }
}

/// <summary>Lists the virtual machines that were made from images on this host.</summary>
[DataContract]
public sealed class VmListRequest : HostRequest
{
    /// <summary>Makes a request for <see cref="Operations.VmList"/>.</summary>
    public VmListRequest() => Operation = Operations.VmList;

    /// <summary>Name with the wildcards <c>*</c> and <c>?</c>. Null: all.</summary>
    [DataMember(Name = "name", EmitDefaultValue = false)]
    public string? Name { get; set; }
}

/// <summary>Removes a virtual machine that was made from an image, and the files made for it.</summary>
[DataContract]
public sealed class VmRemoveRequest : HostRequest
{
    /// <summary>Makes a request for <see cref="Operations.VmRemove"/>.</summary>
    public VmRemoveRequest() => Operation = Operations.VmRemove;

    /// <summary>The machine's exact name.</summary>
    [DataMember(Name = "name")]
    public string Name { get; set; } = "";

    /// <summary>Also when it runs: it is powered off first. Without it a running machine gives <c>VmRunning</c>.</summary>
    [DataMember(Name = "force", EmitDefaultValue = false)]
    public bool Force { get; set; }
}
