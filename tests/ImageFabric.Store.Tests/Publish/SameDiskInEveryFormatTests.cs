using System.Formats.Tar;
using ImageFabric.Disks;
using ImageFabric.Disks.Tests;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Tests.Publish;

/// <summary>One disk in every format that can be read is one image.</summary>
public sealed class SameDiskInEveryFormatTests : IDisposable
{
    private const string Ova = "ova";

    // What qemu-img makes of each readable format, with its name for it and its options.
    private static readonly (string Format, string QemuFormat, string[] Options)[] Files =
    [
        ("raw", "raw", []),
        ("qcow2", "qcow2", []),
        ("qcow2", "qcow2", ["-c"]),
        ("vhdx", "vhdx", []),
        ("vhdx", "vhdx", ["-o", "subformat=fixed"]),
        ("vhd", "vpc", ["-o", "force_size=on"]),
        ("vhd", "vpc", ["-o", "force_size=on,subformat=fixed"]),
        ("vmdk", "vmdk", []),
        ("vmdk", "vmdk", ["-o", "subformat=streamOptimized"]),
        ("vdi", "vdi", []),
        ("vdi", "vdi", ["-o", "static=on"]),
    ];

    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [QemuFact]
    public async Task Publishing_one_disk_in_every_format_gives_one_image_id_and_uploads_chunks_once()
    {
        string raw = images.MakeRaw("source.raw", (30 << 20) + 512);
        List<(string Format, string Path)> sources = [];
        foreach ((string format, string qemuFormat, string[] options) in Files)
        {
            string path = images.File($"disk{sources.Count}.{format}");
            QemuImg.Run(["convert", "-f", "raw", "-O", qemuFormat, .. options, raw, path]);
            sources.Add((format, path));
        }

        sources.Add((Ova, MakeOva(sources.Last(source => source.Format == "vmdk").Path)));
        Assert.Equal(DiskImage.Formats.Order(), sources.Select(source => source.Format).Distinct().Order());

        await using IObjectStore store = await ObjectStores.OpenAsync(new ObjectStoreLocation { Uri = images.File("store") }, create: true, CancellationToken.None);
        PublishOutcome? first = null;
        foreach ((string format, string path) in sources)
        {
            using ILogicalDisk disk = await DiskImage.OpenAsync(path, DiskPolicy.Default, CancellationToken.None);
            Assert.Equal(format, disk.Format);
            string name = Path.GetFileNameWithoutExtension(path);
            PublishOutcome published = await ImagePublisher.RunAsync(store, disk, new PublishOptions(new ImageReference(name, "1")), CancellationToken.None);
            first ??= published;
            Assert.Equal(first.Manifest.ImageId, published.Manifest.ImageId);
            Assert.Equal(published == first, published.PacksUploaded > 0);
        }
    }

    private string MakeOva(string vmdk)
    {
        string ova = images.File("machine.ova");
        OvaFile.Make(ova, TarEntryFormat.Ustar, ("machine.ovf", OvaFile.Descriptor(OvaFile.Reference("disk.vmdk"), OvaFile.OneDisk)), ("disk.vmdk", File.ReadAllBytes(vmdk)));
        return ova;
    }
}
