using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ImageFabric.Disks;

// SyntheticDisk FILE GIB: a qcow2 of a 1 TiB disk that holds GIB GiB of data in 64 pieces, no two blocks of it alike; it compresses so well that little room is needed.
if (args is not [var file, var size] || !int.TryParse(size, out int gibibytes) || gibibytes is < 1 or > 1024)
{
    Console.Error.WriteLine("SyntheticDisk FILE GIB");
    return 2;
}

using var disk = new SyntheticDisk((long)gibibytes << 30);
await PackedDisk.WriteAsync(disk, file, "qcow2-zstd", null, CancellationToken.None);
return 0;

internal sealed class SyntheticDisk(long dataLength) : ILogicalDisk
{
    private const int BlockLength = 4096;
    private const int PatternLength = 64;
    private const int Pieces = 64;

    private readonly long pieceLength = dataLength / Pieces;

    public string Format => "raw";

    public long Length => 1L << 40;

    public long FileLength => Length;

    public IReadOnlyList<DiskNotice> Notices => [];

    public async IAsyncEnumerable<DiskExtent> ReadExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        for (long piece = 0; piece < Pieces; piece++)
            yield return new DiskExtent(piece * (Length / Pieces), pieceLength);
    }

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Span<byte> rest = buffer.Span;
        while (rest.Length > 0)
        {
            long inBlock = offset % BlockLength;
            Span<byte> part = rest[..(int)Math.Min(BlockLength - inBlock, rest.Length)];
            if (offset % (Length / Pieces) >= pieceLength)
                part.Clear();
            else
                Fill(part, offset / BlockLength, (int)inBlock);
            rest = rest[part.Length..];
            offset += part.Length;
        }

        return ValueTask.CompletedTask;
    }

    public void ThrowIfChanged()
    {
    }

    public void Dispose()
    {
    }

    private static void Fill(Span<byte> destination, long block, int inBlock)
    {
        Span<byte> pattern = stackalloc byte[PatternLength];
        ulong state = (ulong)block;
        for (int at = 0; at < pattern.Length; at += sizeof(ulong))
        {
            // SplitMix64
            state += 0x9e3779b97f4a7c15;
            ulong mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
            BinaryPrimitives.WriteUInt64LittleEndian(pattern[at..], mixed ^ (mixed >> 31));
        }

        for (int at = 0; at < destination.Length; at++)
            destination[at] = pattern[(inBlock + at) % PatternLength];
    }
}
