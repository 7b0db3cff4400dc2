using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Machines;

/// <summary>A request for a machine, checked and with the defaults filled in.</summary>
/// <param name="Name">Name of the machine.</param>
/// <param name="Cpu">Virtual processors.</param>
/// <param name="MemoryBytes">Memory in bytes.</param>
/// <param name="DiskSizeBytes">Size of the disk in bytes, a multiple of the sector size.</param>
/// <param name="HostName">The guest's own name.</param>
/// <param name="Wait">How long to wait for an address.</param>
internal sealed record MachineOrder(string Name, int Cpu, long MemoryBytes, long DiskSizeBytes, string HostName, TimeSpan Wait)
{
    private const int MostCpus = 1024;
    private const long LeastMemory = 16L << 20;
    private const long DefaultMemory = 1L << 30;
    private const int LongestWait = 3600;

    /// <summary>Address of the network card. Null: the hypervisor's choice.</summary>
    public MacAddress? MacAddress { get; init; }

    /// <summary>Bytes of the disk's logical sectors, 512 or 4096.</summary>
    public int SectorSize { get; init; } = 512;

    /// <summary>True for UEFI firmware, false for BIOS.</summary>
    public bool Uefi { get; init; }

    /// <summary>Checks a request against its contract and against the image.</summary>
    /// <param name="request">The request.</param>
    /// <param name="image">The image.</param>
    /// <param name="formats">The formats that machines can be made from.</param>
    /// <param name="prefersUefi">Whether what boots both ways gets UEFI.</param>
    /// <exception cref="HypervisorException"><c>InvalidRequest</c>, <c>DiskTooSmall</c> or <c>ImageNotOnHost</c>.</exception>
    public static MachineOrder From(VmCreateRequest request, BaseImage image, IReadOnlyList<string> formats, bool prefersUefi)
    {
        MachineName.Check(request.Name);
        string hostName = request.HostNameInGuest ?? request.Name;
        MachineName.CheckHostName(hostName);
        int cpu = request.Cpu ?? 1;
        if (cpu is < 1 or > MostCpus)
            throw Invalid(request, $"{cpu} processors are not 1 to {MostCpus}.");
        long memory = request.MemoryBytes ?? DefaultMemory;
        if (memory < LeastMemory)
            throw Invalid(request, $"{memory} bytes of memory are less than {LeastMemory} (16 MiB).");
        int wait = request.WaitSeconds ?? 0;
        if (wait is < 0 or > LongestWait)
            throw Invalid(request, $"A wait of {wait} s is not 0 to {LongestWait}.");
        if (!formats.Contains(image.Format))
        {
            throw Invalid(request,
                $"No machine can be made from {image.Reference} as {image.Format}, but from {string.Join(" or ", formats)}: sync it in such a format.");
        }

        if (!File.Exists(image.Path))
            throw new HypervisorException("ImageNotOnHost", image.Reference, $"The file of {image.Reference}, {image.Path}, does not exist.");

        long size = request.DiskSizeBytes ?? image.VirtualSize;
        if (size < image.VirtualSize)
        {
            throw new HypervisorException("DiskTooSmall", request.Name,
                $"A disk of {size} bytes cannot hold {image.Reference}, which has {image.VirtualSize}.");
        }
        if (size <= 0 || size > long.MaxValue - image.SectorSize)
            throw Invalid(request, $"{size} bytes are not the size of a disk.");
        long rounded = (size + image.SectorSize - 1) / image.SectorSize * image.SectorSize;
        return new MachineOrder(request.Name, cpu, memory, rounded, hostName, TimeSpan.FromSeconds(wait))
        {
            SectorSize = image.SectorSize,
            Uefi = WantsUefi(request, image, prefersUefi),
            MacAddress = request.MacAddress is null ? null : MacAddress.Parse(request.Name, request.MacAddress),
        };
    }

    private static bool WantsUefi(VmCreateRequest request, BaseImage image, bool prefersUefi) => request.Firmware switch
    {
        null => image.BootMode == "UEFI" || (prefersUefi && image.BootMode == "BIOS+UEFI"),
        VmCreateRequest.Uefi => true,
        VmCreateRequest.Bios => false,
        _ => throw Invalid(request, $"'{request.Firmware}' is no firmware; {VmCreateRequest.Bios} and {VmCreateRequest.Uefi} are."),
    };

    private static HypervisorException Invalid(VmCreateRequest request, string message) => new("InvalidRequest", request.Name, message);
}
