using System.Globalization;

namespace ImageFabric.Disks.Tests;

/// <summary>Runs alone, so that what it allocates can be counted.</summary>
[CollectionDefinition(nameof(Qcow2FuzzTests), DisableParallelization = true)]
public sealed class Qcow2FuzzCollection;

[Collection(nameof(Qcow2FuzzTests))]
public sealed class Qcow2FuzzTests : IDisposable
{
    private const long AllocationLimit = 256 << 20;

    private static readonly string[] PossibleIds =
        ["FormatNotSupported", "FormatFeatureNotSupported", "ImageCorrupt", "ForeignReference", "ImageTooLarge", "ImageEmpty"];

    private readonly ImageDirectory images = new();

    public static TheoryData<string> Seeds() => new(
        "cluster_size=512,compat=0.10", "cluster_size=4096", "cluster_size=4096;compressed", "compression_type=zstd,cluster_size=4096;compressed", "extended_l2=on,cluster_size=16384", "cluster_size=65536;snapshot");

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [MemberData(nameof(Seeds))]
    public async Task Damaged_files_are_refused_or_read_as_qemu_reads_them(string options)
    {
        var mutator = new Qcow2Mutator(await File.ReadAllBytesAsync(MakeSeed(options)));
        int count = int.Parse(Environment.GetEnvironmentVariable("IMAGEFABRIC_FUZZ_COUNT") ?? "600", CultureInfo.InvariantCulture);
        int compared = 0;
        for (int seed = 0; seed < count; seed++)
        {
            string image = images.File("damaged.qcow2");
            await File.WriteAllBytesAsync(image, mutator.Mutate(seed));
            long before = GC.GetTotalAllocatedBytes();
            string? copy = await CopyIfAcceptedAsync(image, seed);
            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, AllocationLimit);
            if (copy is not null && seed % 8 == 0 && QemuImg.TryRun("convert", "-f", "qcow2", "-O", "raw", image, images.File("expected.raw")))
            {
                compared++;
                Assert.True(ImageDirectory.Digest(images.File("expected.raw")).AsSpan().SequenceEqual(ImageDirectory.Digest(copy)), $"seed {seed} reads otherwise than in qemu");
            }
        }

        Assert.True(compared > 0, "no damaged file was compared");
    }

    // A copy of the disk, or null when the file was refused as it should be.
    private async Task<string?> CopyIfAcceptedAsync(string image, int seed)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        string copy = images.File("copy.raw");
        try
        {
            using ILogicalDisk disk = await DiskImage.OpenAsync(image, new DiskPolicy { MaximumVirtualLength = 32 << 20 }, hang.Token);
            if (disk.Format == "raw")
                return null;
            await disk.CopyToRawAsync(copy, readLength: 100_000).WaitAsync(hang.Token);
            disk.ThrowIfChanged();
            return copy;
        }
        catch (DiskException error)
        {
            Assert.Contains(error.Id, PossibleIds);
            return null;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"seed {seed}", error);
        }
    }

    private string MakeSeed(string options)
    {
        string raw = images.MakeRaw("source.raw", 1 << 20, seed: 11);
        string qcow2 = images.File("valid.qcow2");
        string[] parts = options.Split(';');
        bool compressed = parts.Contains("compressed");
        QemuImg.Run(["convert", .. compressed ? new[] { "-c" } : [], "-f", "raw", "-O", "qcow2", "-o", parts[0], raw, qcow2]);
        if (parts.Contains("snapshot"))
            QemuImg.Run("snapshot", "-c", "one", qcow2);
        return qcow2;
    }
}
