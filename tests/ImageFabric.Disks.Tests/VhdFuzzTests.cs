using System.Buffers.Binary;
using ImageFabric.Disks.Vhd;

namespace ImageFabric.Disks.Tests;

[Collection(nameof(FuzzRun))]
public sealed class VhdFuzzTests : IDisposable
{
    private const int Table = 1536;
    private const int Blocks = 4;

    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [InlineData("dynamic")]
    [InlineData("fixed")]
    public async Task Damaged_files_are_refused_or_read_as_qemu_reads_them(string subformat)
    {
        ImageAnatomy anatomy = MakeSeed(subformat);
        var mutator = new ImageMutator(anatomy);
        await FuzzRun.RunAsync(images, "vpc", seed => Summed(mutator.Mutate(seed), anatomy));
    }

    // qemu uses a footer whose checksum is wrong, and here its copy is used, so nothing is compared.
    [QemuFact]
    public async Task Damaged_files_with_wrong_checksums_are_refused_or_read()
    {
        var mutator = new ImageMutator(MakeSeed("dynamic"));
        await FuzzRun.RunAsync(images, null, mutator.Mutate);
    }

    // qemu does not look at the bitmaps of sectors; so that it reads the same, all their bits are set wherever a block has come to lie.
    private static byte[] Summed(byte[] bytes, ImageAnatomy anatomy)
    {
        if (bytes.Length < anatomy.Content.Length)
            return bytes;
        for (int block = 0; block < anatomy.Tables[0].Entries && anatomy.Tables[0].Offset == Table; block++)
        {
            long place = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(Table + (block * 4))) * 512L;
            if (place >= Table + 512 && place <= bytes.Length - 1024)
                bytes.AsSpan((int)place, 512).Fill(0xff);
        }

        foreach (int footer in new[] { 0, bytes.Length - VhdFooter.Length })
        {
            if (bytes.AsSpan(footer).StartsWith(VhdFooter.Cookie))
                VhdChecksum.Set(bytes.AsSpan(footer, VhdFooter.Length), VhdFooter.ChecksumOffset);
        }

        if (bytes.AsSpan(512).StartsWith(VhdDynamicHeader.Cookie))
            VhdChecksum.Set(bytes.AsSpan(512, VhdDynamicHeader.Length), VhdDynamicHeader.ChecksumOffset);
        return bytes;
    }

    private ImageAnatomy MakeSeed(string subformat)
    {
        string image = images.File("valid.vhd");
        QemuImg.Run("create", "-f", "vpc", "-o", $"force_size=on,subformat={subformat}", image, "8M");
        QemuImg.Io(image, "vpc", "write -P 1 0 20k", "write -P 2 7M 70k");
        byte[] valid = File.ReadAllBytes(image);

        // The creator's name is left out: qemu and this reader mean different sizes by names that neither knows.
        (int Offset, int Width)[] footer = [(8, 4), (12, 4), (16, 8), (40, 8), (48, 8), (56, 2), (58, 1), (59, 1), (60, 4), (84, 1)];
        (int Offset, int Width)[] atEnd = [.. footer.Select(field => (valid.Length - VhdFooter.Length + field.Offset, field.Width))];
        (int Offset, int Width)[] header = [(512 + 8, 8), (512 + 16, 8), (512 + 24, 4), (512 + 28, 4), (512 + 32, 4)];
        bool isFixed = subformat == "fixed";
        return new ImageAnatomy(valid, true, isFixed ? atEnd : [.. footer, .. atEnd, .. header], [isFixed ? (4096, 16) : (Table, Blocks)], 4)
        {
            Special = random => (ulong)random.Next((valid.Length / 512) + 2),
        };
    }
}
