using System.Buffers.Binary;
using System.Text;

namespace ImageFabric.Disks.Tests;

[Collection(nameof(FuzzRun))]
public sealed class VmdkFuzzTests : IDisposable
{
    private static readonly (int Offset, int Width)[] HeaderFields =
    [
        (4, 4), (8, 4), (12, 8), (20, 8), (28, 8), (36, 8), (44, 4), (48, 8), (56, 8), (64, 8), (72, 1), (73, 4), (77, 2),
    ];

    private static readonly string[] Lines =
    [
        "parentCID=1", "parentCID=ffffffff", "parentFileNameHint=\"x\"", "RW 2048 SPARSE \"other.vmdk\"", "RW 1 FLAT \"/etc/passwd\" 0", "RW", "=", "\"", "CID=", "# comment", "\0", "\r", "RW 2049 SPARSE \"d.vmdk\"",
    ];

    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [InlineData("subformat=monolithicSparse")]
    [InlineData("subformat=monolithicSparse,zeroed_grain=on")]
    [InlineData("subformat=streamOptimized")]
    [InlineData("footer")]
    public async Task Damaged_files_are_refused_or_read_as_qemu_reads_them(string options)
    {
        string raw = images.MakeRaw("source.raw", (1 << 20) + 512, seed: 11);
        string vmdk = images.File("valid.vmdk");
        if (options == "footer")
            StreamOptimizedVmdk.Make(raw, vmdk);
        else
            QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", "-o", options, raw, vmdk);
        var mutator = new ImageMutator(Anatomy(await File.ReadAllBytesAsync(vmdk), footer: options == "footer"));
        await FuzzRun.RunAsync(images, "vmdk", mutator.Mutate);
    }

    [Fact]
    public async Task Damaged_descriptors_with_a_flat_extent_in_the_same_file_are_refused_or_read()
    {
        string text = "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n\nRW 256 FLAT \"damaged.img\" 8\n";
        byte[] valid = new byte[4096 + 131072];
        Encoding.ASCII.GetBytes(text).CopyTo(valid, 0);
        new Random(1).NextBytes(valid.AsSpan(4096));
        await FuzzRun.RunAsync(images, null, seed =>
        {
            var random = new Random(seed);
            byte[] bytes = (byte[])valid.Clone();
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                int place = random.Next(21, text.Length);
                if (random.Next(3) == 0)
                    Encoding.ASCII.GetBytes("\n" + Lines[random.Next(Lines.Length)] + "\n").CopyTo(bytes, place);
                else
                    bytes[place] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)random.Next('0', '9' + 1);
            }

            return random.Next(10) == 0 ? bytes[..random.Next(22, bytes.Length)] : bytes;
        });
    }

    private static ImageAnatomy Anatomy(byte[] valid, bool footer)
    {
        int header = footer ? valid.Length - 1024 : 0;
        (int Offset, int Width)[] fields = footer ? [.. HeaderFields, .. HeaderFields.Select(field => (header + field.Offset, field.Width)), (header - 512, 8), (header - 500, 4)] : HeaderFields;
        int directory = (int)BinaryPrimitives.ReadInt64LittleEndian(valid.AsSpan(header + 56)) * 512;
        int table = (int)BinaryPrimitives.ReadUInt32LittleEndian(valid.AsSpan(directory)) * 512;
        return new ImageAnatomy(valid, false, fields, [(directory, 1), (table, 512)], 4)
        {
            Special = random => (ulong)random.Next((valid.Length / 512) + 2),
            Damage = (bytes, random) => Damage(bytes, random, table),
        };
    }

    // A line of the descriptor replaced, or a grain's marker or stream.
    private static void Damage(byte[] bytes, Random random, int table)
    {
        if (random.Next(2) == 0)
        {
            int start = 512 + random.Next(400);
            Encoding.ASCII.GetBytes("\n" + Lines[random.Next(Lines.Length)] + "\n").CopyTo(bytes, start);
            return;
        }

        int grain = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(table + (4 * random.Next(16)))) * 512;
        if (grain >= 0 && grain < bytes.Length - 64)
            bytes[grain + random.Next(64)] = (byte)random.Next(256);
    }
}
