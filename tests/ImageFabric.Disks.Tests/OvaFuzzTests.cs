using System.Formats.Tar;
using System.Text;

namespace ImageFabric.Disks.Tests;

[Collection(nameof(FuzzRun))]
public sealed class OvaFuzzTests : IDisposable
{
    // name, mode, size, checksum, type, mark, prefix
    private static readonly (int Offset, int Width)[] HeaderFields = [(0, 8), (100, 8), (124, 8), (128, 8), (148, 8), (156, 1), (257, 8), (345, 8)];

    private static readonly string[] Texts =
        ["<Disk ovf:diskId=\"x\" ovf:fileRef=\"f1\"/>", "<File ovf:href=\"http://x/\" ovf:id=\"f1\"/>", "<!DOCTYPE a>", "&#1;", "<a><a><a>", "</References>", "0000000000\0", "77777777777\0", "x", "\u0080"];

    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [Theory]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public async Task Damaged_archives_are_refused_or_read(TarEntryFormat format)
    {
        string raw = images.MakeRaw("source.raw", 1 << 20, seed: 11);
        StreamOptimizedVmdk.Make(raw, images.File("disk.vmdk"));
        string name = format == TarEntryFormat.Ustar ? "disk.vmdk" : new string('n', 150) + ".vmdk";
        string ova = images.File("valid.ova");
        OvaFile.Make(ova, format, ("machine.ovf", OvaFile.Descriptor(OvaFile.Reference(name), OvaFile.OneDisk)), (name, await File.ReadAllBytesAsync(images.File("disk.vmdk"))));
        byte[] valid = await File.ReadAllBytesAsync(ova);
        int[] headers = [.. Enumerable.Range(0, valid.Length / 512).Select(block => block * 512).Where(at => valid.AsSpan(at + 257, 5).SequenceEqual("ustar"u8))];
        (int, int)[] fields = [.. headers.SelectMany(header => HeaderFields.Select(field => (header + field.Offset, field.Width)))];
        var anatomy = new ImageAnatomy(valid, true, fields, [.. headers.Select(header => (header + 512L, 64))], 4)
        {
            Special = random => 0x3030303030303030ul + (ulong)random.NextInt64(0x0707_0707_0707_0707),
            Damage = (bytes, random) =>
            {
                Encoding.Latin1.GetBytes(Texts[random.Next(Texts.Length)]).CopyTo(bytes, headers[random.Next(headers.Length)] + random.Next(124, 900));
                if (random.Next(4) != 0)
                    SetChecksums(bytes, headers);
            },
        };
        var mutator = new ImageMutator(anatomy);
        await FuzzRun.RunAsync(images, null, seed => seed % 3 == 0 ? mutator.Mutate(seed) : SetChecksums(mutator.Mutate(seed), headers));
    }

    // So that damage behind the checksum is found too.
    private static byte[] SetChecksums(byte[] bytes, int[] headers)
    {
        foreach (int header in headers.Where(header => header + 512 <= bytes.Length))
        {
            Span<byte> block = bytes.AsSpan(header, 512);
            block.Slice(148, 8).Fill((byte)' ');
            int sum = 0;
            foreach (byte b in block)
                sum += b;
            Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(block[148..]);
        }

        return bytes;
    }
}
