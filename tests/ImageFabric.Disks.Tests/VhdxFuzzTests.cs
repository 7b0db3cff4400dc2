using System.Buffers.Binary;
using ImageFabric.Disks.Vhdx;

namespace ImageFabric.Disks.Tests;

[Collection(nameof(FuzzRun))]
public sealed class VhdxFuzzTests : IDisposable
{
    private const int LogEntryFields = 7;
    private static readonly Guid Log = new("5f0b8c57-0a0c-4c4b-8c0e-3b8f8f0d6d11");

    private readonly ImageDirectory images = new();
    private readonly string image;

    public VhdxFuzzTests() => image = images.File("valid.vhdx");

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [InlineData("subformat=dynamic,block_size=1M")]
    [InlineData("subformat=fixed,block_size=1M")]
    public async Task Damaged_files_are_refused_or_read_as_qemu_reads_them(string options)
    {
        MakeSeed(options);
        ImageAnatomy anatomy = Anatomy();
        var mutator = new ImageMutator(anatomy);
        await FuzzRun.RunAsync(images, "vhdx", seed => Summed(mutator.Mutate(seed), seed, anatomy));
    }

    // qemu reads no file with a log as it stands, so nothing is compared.
    [QemuFact]
    public async Task Damaged_logs_are_refused_or_replayed()
    {
        MakeSeed("block_size=1M");
        var patch = new VhdxPatch(image);
        var log = new VhdxLogCraft(image, Log);
        byte[] table = patch.Read(patch.Bat, 4096);
        byte[] data = new byte[4096];
        long block = (long)(patch.ReadUInt64(patch.Bat) & ~0xffffful);
        log.MarkHeaders();
        int next = log.Write(0, log.Entry(1, 0, (patch.Bat, table, 0), (block, data, 0), (block + 8192, null, 65536)));
        next = log.Write(next, log.Entry(2, 0, (block + 4096, data, 0)));
        log.Write(next, log.Entry(3, 0, (block + 4096, null, 4096), (block + 12_288, data, 0)));
        ImageAnatomy anatomy = Anatomy();
        anatomy = anatomy with { Damage = (bytes, random) => DamageLog(bytes, random, (int)patch.LogOffset) };
        var mutator = new ImageMutator(anatomy);
        await FuzzRun.RunAsync(images, null, seed => Summed(mutator.Mutate(seed), seed, anatomy, (int)patch.LogOffset));
    }

    private static void DamageLog(byte[] bytes, Random random, int log)
    {
        // The entries begin at the sectors 0, 3 and 5 of the log.
        int entry = log + (random.Next(3) switch { 0 => 0, 1 => 3, _ => 5 } * 4096);
        if (entry + 4096 > bytes.Length)
            return;
        int field = random.Next(2) == 0 ? 8 + (random.Next(LogEntryFields) * 8) : 64 + (random.Next(12) * 8);
        ulong value = random.Next(6) switch
        {
            0 => 0,
            1 => ulong.MaxValue & ~4095ul,
            2 => (ulong)random.Next(8) * 4096,
            3 => 1ul << random.Next(64),
            4 => (ulong)random.Next(bytes.Length) & ~4095ul,
            _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(entry + field)) + (ulong)random.Next(-2, 3),
        };
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(entry + field), value);
    }

    // Of most files the checksums are made right again, so that the damage behind them is looked at.
    private static byte[] Summed(byte[] bytes, int seed, ImageAnatomy anatomy, int log = 0)
    {
        if (seed % 5 == 0 || bytes.Length < anatomy.Content.Length)
            return bytes;
        foreach (int header in new[] { 64 << 10, 128 << 10 })
            VhdxFormat.SetChecksum(bytes.AsSpan(header, VhdxFormat.HeaderLength));
        foreach (int table in new[] { 192 << 10, 256 << 10 })
            VhdxFormat.SetChecksum(bytes.AsSpan(table, VhdxFormat.TableLength));
        for (int sector = 0; log > 0 && sector < 256; sector++)
        {
            Span<byte> entry = bytes.AsSpan(log + (sector * 4096));
            int length = BinaryPrimitives.ReadInt32LittleEndian(entry[8..]);
            if (entry.StartsWith("loge"u8) && length >= 4096 && length <= (256 - sector) * 4096)
                VhdxFormat.SetChecksum(entry[..length]);
        }

        return bytes;
    }

    private void MakeSeed(string options)
    {
        QemuImg.Run("create", "-f", "vhdx", "-o", options, image, "8M");
        QemuImg.Io(image, "vhdx", "write -P 1 0 20k", "write -P 2 3M 70k", "write -P 3 8388096 512");
    }

    private ImageAnatomy Anatomy()
    {
        var patch = new VhdxPatch(image);
        byte[] valid = File.ReadAllBytes(image);
        List<(int Offset, int Width)> fields = [];
        foreach (int header in new[] { 64 << 10, 128 << 10 })
            fields.AddRange([(header + 8, 8), (header + 48, 8), (header + 64, 2), (header + 66, 2), (header + 68, 4), (header + 72, 8)]);
        foreach (int table in new[] { 192 << 10, 256 << 10 })
            fields.AddRange([(table + 8, 4), (table + 16, 8), (table + 32, 8), (table + 40, 4), (table + 44, 4), (table + 48, 8), (table + 64, 8), (table + 72, 4), (table + 76, 4)]);

        // LogicalSectorSize is left out: qemu takes a disk with sectors of 4096 bytes for an eighth of its size.
        int metadata = (int)patch.Metadata;
        fields.Add((metadata + 10, 2));
        foreach (Guid item in new[] { VhdxFormat.FileParameters, VhdxFormat.VirtualDiskSize, VhdxFormat.PhysicalSectorSize, VhdxFormat.VirtualDiskId })
        {
            int entry = (int)patch.ItemEntry(item);
            fields.AddRange([(entry, 4), (entry + 16, 4), (entry + 20, 4), (entry + 24, 4), ((int)patch.Item(item), 4), ((int)patch.Item(item) + 4, 4)]);
        }

        return new ImageAnatomy(valid, false, [.. fields], [(patch.Bat, 8)], 8)
        {
            Special = random => ((ulong)random.NextInt64((valid.Length >> 20) + 1) << 20) | (uint)random.Next(8),
        };
    }
}
