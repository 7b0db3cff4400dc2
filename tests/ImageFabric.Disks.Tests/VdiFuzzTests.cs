namespace ImageFabric.Disks.Tests;

[Collection(nameof(FuzzRun))]
public sealed class VdiFuzzTests : IDisposable
{
    private static readonly (int Offset, int Width)[] HeaderFields =
    [
        (0x44, 4), (0x48, 4), (0x4c, 4), (0x50, 4), (0x154, 4), (0x158, 4), (0x168, 4), (0x170, 8), (0x178, 4), (0x17c, 4), (0x180, 4), (0x184, 4), (0x188, 8), (0x1a8, 8), (0x1b8, 8),
    ];

    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [InlineData("static=off")]
    [InlineData("static=on")]
    public async Task Damaged_files_are_refused_or_read_as_qemu_reads_them(string options)
    {
        string raw = images.MakeRaw("source.raw", (3 << 20) + 512, seed: 11);
        string vdi = images.File("valid.vdi");
        QemuImg.Run("convert", "-f", "raw", "-O", "vdi", "-o", options, raw, vdi);
        byte[] valid = await File.ReadAllBytesAsync(vdi);
        var mutator = new ImageMutator(new ImageAnatomy(valid, false, HeaderFields, [(0x200, 4)], 4) { Special = random => 0xffff_fffful - (ulong)random.Next(4) });
        await FuzzRun.RunAsync(images, "vdi", mutator.Mutate);
    }
}
