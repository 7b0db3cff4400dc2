using System.Diagnostics;
using System.Globalization;

namespace ImageFabric.Disks.Tests;

/// <summary>Tests that run alone, so that what they allocate can be counted.</summary>
[CollectionDefinition(nameof(FuzzRun), DisableParallelization = true)]
public sealed class FuzzCollection;

/// <summary>
/// Opens and reads damaged files: each must be refused by an id, or read as qemu reads it, in bounded memory and time. The first 600 are files, and
/// compared; of IMAGEFABRIC_FUZZ_COUNT, which <c>tests/fuzz.sh</c> sets, the rest are in memory, on all cores.
/// </summary>
internal static class FuzzRun
{
    private const int Files = 600;
    private const long AllocationLimit = 256 << 20;
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(5);

    private static readonly ThreadLocal<byte[]> Buffer = new(static () => new byte[1 << 16]);

    private static readonly string[] PossibleIds =
        ["FormatNotSupported", "FormatFeatureNotSupported", "ImageCorrupt", "ForeignReference", "ImageTooLarge", "ImageEmpty"];

    /// <param name="images">Where the files are made.</param>
    /// <param name="qemuFormat">qemu's name of the format; null when qemu does not have it, so that nothing is compared.</param>
    /// <param name="mutate">Makes a damaged file of a seed.</param>
    public static async Task RunAsync(ImageDirectory images, string? qemuFormat, Func<int, byte[]> mutate)
    {
        int wanted = int.Parse(Environment.GetEnvironmentVariable("IMAGEFABRIC_FUZZ_COUNT") ?? "0", CultureInfo.InvariantCulture);
        int count = wanted > 0 ? Math.Min(wanted, Files) : Files;
        int accepted = 0;
        int compared = 0;
        for (int seed = 0; seed < count; seed++)
        {
            string image = images.File("damaged.img");
            WriteSparse(image, mutate(seed));
            long before = GC.GetTotalAllocatedBytes();
            string? copy = await CopyIfAcceptedAsync(images, image, seed);
            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, AllocationLimit);
            accepted += copy is null ? 0 : 1;
            if (copy is not null && qemuFormat is not null && seed % 8 == 0 && QemuImg.TryRun("convert", "-f", qemuFormat, "-O", "raw", image, images.File("expected.raw")))
            {
                compared++;
                Assert.True(ImageDirectory.Digest(images.File("expected.raw")).AsSpan().SequenceEqual(ImageDirectory.Digest(copy)), $"seed {seed} reads otherwise than in qemu");
            }
        }

        Assert.InRange(accepted, 1, count - 1);
        Assert.True(compared > 0 || qemuFormat is null, "no damaged file was compared");
        Parallel.For(count, Math.Max(count, wanted), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed => ReadInMemory(seed, mutate(seed)));
    }

    private static void ReadInMemory(int seed, byte[] content)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        try
        {
            // Nothing in memory is waited for, so it all happens on this thread.
            Task reading = ReadAsync(new MemoryFile(content));
            Assert.True(reading.IsCompleted, $"seed {seed} was waited for");
            reading.GetAwaiter().GetResult();
        }
        catch (DiskException error)
        {
            Assert.True(PossibleIds.Contains(error.Id), $"seed {seed}: {error.Id}");
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"seed {seed}", error);
        }

        Assert.True(Stopwatch.GetElapsedTime(start) < LongestRead, $"seed {seed} took {Stopwatch.GetElapsedTime(start)}");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < AllocationLimit, $"seed {seed} allocated {GC.GetAllocatedBytesForCurrentThread() - before} bytes");
    }

    private static async Task ReadAsync(MemoryFile file)
    {
        const int PieceLength = 1 << 16;
        using ILogicalDisk disk = await DiskImage.OpenRemoteAsync(file, new DiskPolicy { MaximumVirtualLength = 8 << 20 }, CancellationToken.None);
        if (disk.Format == "raw")
            return;
        byte[] piece = Buffer.Value!;
        await foreach (DiskExtent extent in disk.ReadExtentsAsync(CancellationToken.None))
        {
            for (long offset = extent.Offset; offset < extent.End; offset += PieceLength)
                await disk.ReadAsync(offset, piece.AsMemory(0, (int)Math.Min(PieceLength, extent.End - offset)), CancellationToken.None);
        }
    }

    // A VHDX has MiBs of zeros, which need not reach the disk thousands of times.
    private static void WriteSparse(string path, byte[] content)
    {
        const int Piece = 4096;
        using var file = new FileStream(path, FileMode.Create);
        file.SetLength(content.Length);
        for (int offset = 0; offset < content.Length; offset += Piece)
        {
            ReadOnlySpan<byte> piece = content.AsSpan(offset, Math.Min(Piece, content.Length - offset));
            if (!piece.ContainsAnyExcept((byte)0))
                continue;
            file.Position = offset;
            file.Write(piece);
        }
    }

    // A copy of the disk, or null when the file was refused as it should be.
    private static async Task<string?> CopyIfAcceptedAsync(ImageDirectory images, string image, int seed)
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
}
