using System.Management.Automation;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <content>What else the machine is to be made of. KVM hosts take the address of the card; the rest is Hyper-V's.</content>
public sealed partial class NewVmFromImageCommand
{
    /// <summary>Address of the network card, six pairs of hexadecimal digits. Without it: the hypervisor's choice.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidatePattern("^([0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}$")]
    public string? MacAddress { get; set; }

    /// <summary>VLAN of the network card, 1 to 4094; Hyper-V only.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, 4094)]
    public int? Vlan { get; set; }

    /// <summary>Least memory in bytes, which makes it dynamic; Hyper-V only.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(32L << 20, long.MaxValue)]
    public long? MemoryMinimum { get; set; }

    /// <summary>Most memory in bytes, which makes it dynamic; Hyper-V only.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(32L << 20, long.MaxValue)]
    public long? MemoryMaximum { get; set; }

    /// <summary>
    /// Whose boot loaders the firmware starts: Off (any), Windows, or UefiCa (Linux and others); with UEFI on Hyper-V. Without it: by the image's label
    /// <c>os</c>, otherwise Off.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet(VmCreateRequest.SecureBootOff, VmCreateRequest.SecureBootWindows, VmCreateRequest.SecureBootUefiCa)]
    public string? SecureBoot { get; set; }

    /// <summary>Give the machine a virtual TPM; with UEFI on Hyper-V.</summary>
    [Parameter]
    public SwitchParameter Tpm { get; set; }

    /// <summary>What happens to the machine when its host starts: None, StartIfRunning or Start; Hyper-V only.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet("None", "StartIfRunning", "Start")]
    public string? StartAction { get; set; }

    /// <summary>Kind of checkpoints: Disabled, Standard, Production or ProductionOnly; Hyper-V only.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet("Disabled", "Standard", "Production", "ProductionOnly")]
    public string? CheckpointType { get; set; }

    /// <summary>Devices to boot from, in order: Disk, Dvd, Network; Hyper-V only. Without it: disk, then DVD.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet("Disk", "Dvd", "Network")]
    public string[]? BootOrder { get; set; }

    /// <summary>Answer file of Windows Setup, in place of cloud-init: a text, its lines, bytes, or a file as Get-Item gives it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public object? Unattend { get; set; }

    /// <summary>File with answers for Windows Setup, which reaches the guest byte for byte.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? UnattendPath { get; set; }

    private VmCreateRequest WithHardware(VmCreateRequest request)
    {
        request.MacAddress = MacAddress;
        request.Vlan = Vlan;
        request.MemoryMinimumBytes = MemoryMinimum;
        request.MemoryMaximumBytes = MemoryMaximum;
        request.SecureBoot = SecureBoot;
        request.Tpm = Tpm;
        request.StartAction = StartAction;
        request.Checkpoints = CheckpointType;
        request.BootOrder = BootOrder;
        return request;
    }
}
