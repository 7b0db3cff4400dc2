namespace ImageFabric.Disks.Tests;

/// <summary>Ways in which tests read a disk.</summary>
internal static class DiskReading
{
    public static Task<ILogicalDisk> OpenAsync(string path) => DiskImage.OpenAsync(path, DiskPolicy.Default, CancellationToken.None);

    public static async Task<List<DiskExtent>> ExtentsAsync(this ILogicalDisk disk)
    {
        List<DiskExtent> extents = [];
        long end = 0;
        await foreach (DiskExtent extent in disk.ReadExtentsAsync(CancellationToken.None))
        {
            Assert.True(extent.Offset >= end && extent.Length > 0 && extent.End <= disk.Length, $"{extent} after {end} of {disk.Length}");
            end = extent.End;
            extents.Add(extent);
        }

        return extents;
    }

    /// <summary>Writes the disk as a raw file, from its extents only, in reads of the given size.</summary>
    public static async Task CopyToRawAsync(this ILogicalDisk disk, string path, int readLength)
    {
        await using var file = new FileStream(path, FileMode.Create);
        file.SetLength(disk.Length);
        byte[] buffer = new byte[readLength];
        foreach (DiskExtent extent in await disk.ExtentsAsync())
        {
            for (long offset = extent.Offset; offset < extent.End; offset += readLength)
            {
                Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(readLength, extent.End - offset));
                await disk.ReadAsync(offset, part, CancellationToken.None);
                file.Position = offset;
                await file.WriteAsync(part);
            }
        }
    }

    /// <summary>Reads all of the disk, extents or not, in reads of random place and size from several threads.</summary>
    public static async Task AssertReadsLikeAsync(this ILogicalDisk disk, string rawPath)
    {
        byte[] expected = await File.ReadAllBytesAsync(rawPath);
        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, cancellationToken) =>
        {
            var random = new Random(i);
            long offset = random.NextInt64(disk.Length);
            byte[] part = new byte[(int)Math.Min(random.Next(1, 300_000), disk.Length - offset)];
            random.NextBytes(part);
            await disk.ReadAsync(offset, part, cancellationToken);
            Assert.True(part.AsSpan().SequenceEqual(expected.AsSpan((int)offset, part.Length)), $"{part.Length} bytes at {offset}");
        });
    }

    /// <summary>Checks that an image reads as a raw file does, from its extents and in reads of any place and size, and returns the disk's notices.</summary>
    public static async Task<IReadOnlyList<DiskNotice>> AssertReadsLikeAsync(string image, string format, string rawPath)
    {
        using ILogicalDisk disk = await OpenAsync(image);
        Assert.Equal(format, disk.Format);
        Assert.Equal(new FileInfo(rawPath).Length, disk.Length);
        Assert.Equal(new FileInfo(image).Length, disk.FileLength);
        string copy = image + ".copy";
        await disk.CopyToRawAsync(copy, readLength: 1 << 20);
        Assert.Equal(ImageDirectory.Digest(rawPath), ImageDirectory.Digest(copy));
        await disk.AssertReadsLikeAsync(rawPath);
        disk.ThrowIfChanged();
        return disk.Notices;
    }

    public static async Task<DiskException> AssertRefusedAsync(string path, string id)
    {
        DiskException error = await Assert.ThrowsAsync<DiskException>(async () => (await OpenAsync(path)).Dispose());
        Assert.Equal(id, error.Id);
        Assert.Equal(path, error.Target);
        return error;
    }
}
