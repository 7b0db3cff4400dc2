using System.Runtime.InteropServices;
using ImageFabric.Store.Format;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Store.Publish;

/// <summary>
/// The rows of an index that is being made, in the order of the disk. The first <see cref="InMemory"/> blocks of them stay in memory; a larger image's
/// rows wait in a temporary file without a name, so that they take no more memory however large the image is.
/// </summary>
internal sealed class ChunkRows : IDisposable
{
    private const int InMemory = 16;

    private readonly List<IndexedChunk[]> blocks = [];
    private IndexedChunk[] open = new IndexedChunk[FormatLimits.SectionRows];
    private int used;
    private int spilled;
    private SafeFileHandle? file;

    public int Count => ((blocks.Count + spilled) * FormatLimits.SectionRows) + used;

    /// <summary>Adds the next row.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public void Add(in IndexedChunk row)
    {
        open[used++] = row;
        if (used < open.Length)
            return;
        used = 0;
        if (blocks.Count < InMemory)
        {
            blocks.Add(open);
            open = new IndexedChunk[FormatLimits.SectionRows];
            return;
        }

        try
        {
            file ??= OpenTemporary();
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes<IndexedChunk>(open);
            RandomAccess.Write(file, bytes, (long)spilled * bytes.Length);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Failed(refused);
        }

        spilled++;
    }

    /// <summary>All rows, in blocks of <see cref="FormatLimits.SectionRows"/> but the last, each good until the next is asked for.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public IEnumerable<Memory<IndexedChunk>> Blocks()
    {
        foreach (IndexedChunk[] block in blocks)
            yield return block;
        if (spilled > 0)
        {
            var block = new IndexedChunk[FormatLimits.SectionRows];
            for (int s = 0; s < spilled; s++)
            {
                ReadSpilled(s, MemoryMarshal.AsBytes(block.AsSpan()));
                yield return block;
            }
        }

        if (used > 0)
            yield return open.AsMemory(0, used);
    }

    public void Dispose() => file?.Dispose();

    private static SafeFileHandle OpenTemporary()
    {
        string path = Path.Combine(Path.GetTempPath(), $"imagefabric-{Guid.NewGuid():N}");
        SafeFileHandle handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.DeleteOnClose);

        // A file without a name does not outlive even a killed process. Windows sees to that by itself.
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        return handle;
    }

    private void ReadSpilled(int number, Span<byte> destination)
    {
        try
        {
            long offset = (long)number * destination.Length;
            while (destination.Length > 0)
            {
                int read = RandomAccess.Read(file!, destination, offset);
                if (read == 0)
                    throw new EndOfStreamException();
                destination = destination[read..];
                offset += read;
            }
        }
        catch (IOException refused)
        {
            throw Failed(refused);
        }
    }

    private static StoreException Failed(Exception cause) => new(
        "TemporaryFileFailed", Path.GetTempPath(), $"The list of the image's chunks does not fit into memory, and cannot be kept in {Path.GetTempPath()}: {cause.Message}", cause);
}
