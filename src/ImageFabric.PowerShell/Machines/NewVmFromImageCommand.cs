using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Makes virtual machines from an image, and brings the image to hosts that lack it. What a failure leaves is removed.</summary>
[Cmdlet(VerbsCommon.New, "VmFromImage", SupportsShouldProcess = true)]
[OutputType(typeof(VmFromImage))]
public sealed partial class NewVmFromImageCommand : HostCmdlet
{
    private const int LongWait = 300;
    private const string Latest = "latest";

    private SyncedImages? _images;

    /// <summary><c>NAME[:VERSION]</c>; without a version, or with <c>latest</c>, the newest of the store.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string Image { get; set; } = "";

    /// <summary>Name of the machine: 1 to 63 letters, digits, <c>.</c>, <c>_</c>, <c>-</c>; begins with a letter or digit.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>Hosts as <c>[user@]host[:port]</c>; each gets a machine of that name. Without it: this machine.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = ["localhost"];

    /// <summary>What Sync-VmImage gave out. No machine is made on a host that the image could not be brought to.</summary>
    [Parameter(ValueFromPipeline = true)]
    public VmImageSync? InputObject { get; set; }

    /// <summary>Virtual processors, 1 to 1024. Without it: 1.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, 1024)]
    public int Cpu { get; set; } = 1;

    /// <summary>Memory in bytes, at least 16MB. Without it: 1GB.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(16L << 20, long.MaxValue)]
    public long Memory { get; set; } = 1L << 30;

    /// <summary>Size of the disk in bytes, not less than the image's. Without it: the image's.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1L, long.MaxValue)]
    public long DiskSize { get; set; }

    /// <summary>cloud-init user data: a text, its lines, bytes, or a file as Get-Item gives it. Bytes and files reach the guest as they are.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public object? UserData { get; set; }

    /// <summary>File with cloud-init user data, which reaches the guest byte for byte.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? UserDataPath { get; set; }

    /// <summary>cloud-init network configuration, version 1 or 2: a text, its lines, bytes, or a file as Get-Item gives it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public object? NetworkConfig { get; set; }

    /// <summary>File with cloud-init network configuration, which reaches the guest byte for byte.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? NetworkConfigPath { get; set; }

    /// <summary>The guest's own name. Without it: the machine's.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? GuestHostName { get; set; }

    /// <summary>
    /// A libvirt network, <c>bridge:NAME</c>, a virtual switch of Hyper-V, or <c>none</c>. Without it: the network <c>default</c> where the host has it
    /// active, otherwise user-mode networking; on Hyper-V the switch <c>Default Switch</c>, or the only one.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NetworkCompleter))]
    public string? Network { get; set; }

    /// <summary>
    /// BIOS or UEFI, on Hyper-V generation 1 or 2. Without it: UEFI for an image that boots no other way, on Hyper-V also for one that boots both ways,
    /// otherwise BIOS.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet(VmCreateRequest.Bios, VmCreateRequest.Uefi)]
    public string? Firmware { get; set; }

    /// <summary>Make the disk a whole copy, not a linked clone.</summary>
    [Parameter]
    public SwitchParameter FullClone { get; set; }

    /// <summary>Start the machine.</summary>
    [Parameter]
    public SwitchParameter Start { get; set; }

    /// <summary>Wait up to five minutes for the guest's address.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>Wait so many seconds for the guest's address, 0 to 3600.</summary>
    [Parameter]
    [ValidateRange(0, 3600)]
    public int? WaitSeconds { get; set; }

    /// <summary>Format of the image's file on a host that lacks it. Without it: raw on KVM, vhdx on Hyper-V.</summary>
    [Parameter]
    [ValidateSet("raw", "qcow2", "vhdx", "vhdx-fixed")]
    public string? DiskFormat { get; set; }

    /// <summary>
    /// Where the image comes from when a host lacks it: a registered name, a directory or an <c>s3://</c> address. Without it:
    /// <c>IMAGEFABRIC_STORE</c>, then the registered default, then the user's own directory store.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? Store { get; set; }

    private protected override Task BeginAsync(CancellationToken cancellationToken) =>
        !Start && (Wait || WaitSeconds > 0)
            ? throw new FleetException("InvalidRequest", Name, "A machine that is not started gets no address: use -Start with -Wait and -WaitSeconds.")
            : Task.CompletedTask;

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (InputObject is { Succeeded: false })
        {
            Pipeline.WriteVerbose($"{InputObject.HostName} does not have {InputObject.Image}: no machine is made there.");
            return;
        }

        StoreSelection store = await SelectStoreAsync(Store).ConfigureAwait(false);
        _images ??= Own(new SyncedImages(Engine));
        ImageSync sync = _images.For(Image, store, new ImageSyncOptions
        {
            Throttle = ThrottleLimit, Format = DiskFormat?.ToLowerInvariant(), ImageDirectory = HostImageDirectory, Connections = Connections,
        });
        GuestContent guest = await Pipeline.AskAsync(ReadGuestContent).ConfigureAwait(false);
        string image = await ExactAsync(sync, cancellationToken).ConfigureAwait(false);
        string fetch = await IsTrialAsync().ConfigureAwait(false) ? await FetchAsync(sync, cancellationToken).ConfigureAwait(false) : "";
        string action = $"Create virtual machine from {image} ({(FullClone ? "full" : "linked")} clone, {ByteSize.Format(Memory)} of memory{fetch})";
        await OnEachAsync(HostName, async host =>
        {
            VmCreateRequest request = Request(image, guest);
            if (await Pipeline.ShouldProcessAsync($"{request.Name} on {host.Name}", action).ConfigureAwait(false))
                StartOn(host, slot => CreateAsync(new VmCreation(Engine, sync), host, slot, request, cancellationToken), cancellationToken);
        }).ConfigureAwait(false);
    }

    // The host may have the image although the store does not, so an image that is not in the store is no error.
    private static async Task<string> FetchAsync(ImageSync sync, CancellationToken cancellationToken)
    {
        try
        {
            ImageResult image = await sync.ResolveAsync(cancellationToken).ConfigureAwait(false);
            return $"; at most {ByteSize.Format(image.StoredSize + image.IndexSize)} to fetch where the host lacks the image";
        }
        catch (FleetException e)
        {
            return $"; to fetch where the host lacks the image: {e.Message}";
        }
    }

    // A host has versions; which one is the newest, only the store knows.
    private async Task<string> ExactAsync(ImageSync sync, CancellationToken cancellationToken)
    {
        int colon = Image.IndexOf(':');
        if (colon >= 0 && Image.Substring(colon + 1) != Latest)
            return Image;
        ImageResult newest = await sync.ResolveAsync(cancellationToken).ConfigureAwait(false);
        return $"{newest.Name}:{newest.Version}";
    }

    private VmCreateRequest Request(string image, GuestContent guest) => WithHardware(new VmCreateRequest
    {
        Image = image,
        Name = Name,
        Cpu = Cpu,
        MemoryBytes = Memory,
        DiskSizeBytes = DiskSize > 0 ? DiskSize : null,
        UserData = guest.UserData,
        NetworkConfig = guest.NetworkConfig,
        Unattend = guest.Unattend,
        HostNameInGuest = string.IsNullOrEmpty(GuestHostName) ? null : GuestHostName,
        Network = string.IsNullOrEmpty(Network) ? null : Network,
        Firmware = Firmware?.ToUpperInvariant(),
        FullClone = FullClone,
        Start = Start,
        WaitSeconds = WaitSeconds ?? (Wait ? LongWait : null),
        ImageDirectory = HostImageDirectory,
    });

    private async Task CreateAsync(VmCreation creation, HostConnection host, HostSlot slot, VmCreateRequest request, CancellationToken cancellationToken)
    {
        using var observer = new EngineObserver(Pipeline, $"Creating {request.Name} on {host.Name}", host.Name);
        VmResult vm = await creation.CreateAsync(host.Address, request, observer, cancellationToken, slot).ConfigureAwait(false);
        Pipeline.WriteObject(new VmFromImage(host, vm));
    }

    private GuestContent ReadGuestContent() => new(
        GuestContent.Read(this, nameof(UserData), UserData, UserDataPath),
        GuestContent.Read(this, nameof(NetworkConfig), NetworkConfig, NetworkConfigPath),
        GuestContent.Read(this, nameof(Unattend), Unattend, UnattendPath));
}
