using ImageFabric.Disks;

// DiskCopy SOURCE TARGET FORMAT: copies a disk as publish and pull read and write it, and nothing else of either, to be measured beside qemu-img convert.
if (args is not [var source, var target, var format])
{
    Console.Error.WriteLine("DiskCopy SOURCE TARGET FORMAT");
    return 2;
}

CancellationToken none = CancellationToken.None;
using ILogicalDisk disk = await DiskImage.OpenAsync(source, DiskPolicy.Default, none);
if (PackedDisk.Formats.Contains(format))
{
    await PackedDisk.WriteAsync(disk, target, format, null, none);
    return 0;
}

const int PieceLength = 1 << 20;
var extents = new List<DiskExtent>();
await foreach (DiskExtent extent in disk.ReadExtentsAsync(none))
    extents.Add(extent);
await using IDiskTarget written = await DiskTarget.OpenAsync(target, format, disk.Length, 512, extents, none);
IEnumerable<DiskExtent> pieces = extents.SelectMany(static extent => Enumerable.Range(0, (int)((extent.Length + PieceLength - 1) / PieceLength))
    .Select(n => new DiskExtent(extent.Offset + ((long)n * PieceLength), Math.Min(PieceLength, extent.Length - ((long)n * PieceLength)))));
await Parallel.ForEachAsync(pieces, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, async (piece, stop) =>
{
    byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(PieceLength);
    await disk.ReadAsync(piece.Offset, buffer.AsMemory(0, (int)piece.Length), stop);
    await written.WriteAsync(piece.Offset, buffer.AsMemory(0, (int)piece.Length), stop);
    System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
});
await written.CompleteAsync(none);
return 0;
