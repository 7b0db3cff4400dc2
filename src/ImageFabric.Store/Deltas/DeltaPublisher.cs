using System.Collections.Concurrent;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Compare;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.Deltas;

/// <summary>
/// Makes a delta from one published image to another: what the second has and the first has not, compressed with what resembles it in the first. A host that has the first fetches
/// less. Nobody needs it: a delta that is lost or damaged costs bytes and nothing else. It is made of what the store holds, in bounded memory, the first image's
/// content in a temporary file. Store format, "Delta".
/// </summary>
public sealed class DeltaPublisher : IDisposable
{
    private const int ParallelReads = 4;

    // What the table's head takes is far less.
    private const int MostOfTable = FormatLimits.LongestDeltaTable - 1024;

    // A frame that saves less is fetched as without a delta.
    private const double WorthIt = 0.75;

    private readonly IObjectStore store;
    private readonly ImageIndex from;
    private readonly ImageIndex to;
    private readonly int level;
    private readonly IProgress<TransferProgress>? progress;
    private readonly long[] places;
    private readonly SampleTable samples;
    private readonly TemporaryFile content = TemporaryFile.Create();
    private readonly SpooledObject delta = new();
    private readonly List<DeltaFrame> frames = [];
    private readonly ConcurrentBag<ZstdCodec> codecs = [];
    private readonly BufferPool prefixes = new(FormatLimits.LongestPrefix);
    private readonly BufferPool buffers = new(ZstdCodec.CompressBound(FormatLimits.LongestFrame));
    private readonly Lock gate = new();
    private int tableLength;
    private long done;
    private long total;

    private DeltaPublisher(IObjectStore store, ImageIndex from, ImageIndex to, int level, IProgress<TransferProgress>? progress)
    {
        this.store = store;
        this.from = from;
        this.to = to;
        this.level = level;
        this.progress = progress;
        samples = new SampleTable(from.Chunks.Length);

        // The first image's frames lie in the temporary file one behind the other.
        places = new long[from.Frames.Length + 1];
        for (int f = 0; f < from.Frames.Length; f++)
            places[f + 1] = places[f] + from.Frames[f].ContentLength;
    }

    /// <summary>Makes a delta and writes it to the store, unless it is there.</summary>
    /// <param name="store">Where both images are.</param>
    /// <param name="from">The image that hosts have.</param>
    /// <param name="to">The image that they are to get.</param>
    /// <param name="level">zstd level, 1 to 19.</param>
    /// <param name="progress">Told how many bytes were read, of how many.</param>
    /// <param name="cancellationToken">Stops it; then nothing was written.</param>
    /// <returns>The delta's bytes; 0 when none was written, since it is there or would save nothing.</returns>
    /// <exception cref="StoreException"><c>PackCorrupt</c>, <c>IndexCorrupt</c>, <c>TemporaryFileFailed</c>, and what the store gives.</exception>
    public static async Task<long> RunAsync(IObjectStore store, Manifest from, Manifest to, int level, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        if (ImageId.TryParse(from.ImageId, out ImageId fromId) && ImageId.TryParse(to.ImageId, out ImageId toId) &&
            await store.StatAsync(ObjectKeys.Delta(fromId, toId), cancellationToken).ConfigureAwait(false) is not null)
            return 0;
        ImageIndex first = await ImageCatalog.ReadIndexAsync(store, from, cancellationToken).ConfigureAwait(false);
        ImageIndex second = await ImageCatalog.ReadIndexAsync(store, to, cancellationToken).ConfigureAwait(false);
        using var publisher = new DeltaPublisher(store, first, second, level, progress);
        return await publisher.RunAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (codecs.TryTake(out ZstdCodec? codec))
            codec.Dispose();
        delta.Dispose();
        content.Dispose();
    }

    private async Task<long> RunAsync(CancellationToken cancellationToken)
    {
        bool[] missing = MissingChunks.Of(to.Chunks, from.Chunks);
        using var wanted = new FrameContents(to);
        int[] wantedFrames = [.. Enumerable.Range(0, to.Frames.Length).Where(f => Any(wanted.ChunksOf(f), missing))];
        if (wantedFrames.Length == 0 || from.Chunks.Length == 0)
            return 0;
        total = from.StoredSize + wantedFrames.Sum(f => (long)to.Frames[f].StoredLength);
        using (var origin = new FrameContents(from))
            await ReadAsync(from, origin, [.. Enumerable.Range(0, from.Frames.Length)], (frame, bytes) => Keep(origin, frame, bytes), cancellationToken).ConfigureAwait(false);
        delta.Append(DeltaTable.Header);
        await ReadAsync(to, wanted, wantedFrames, (frame, bytes) => Compress(wanted, frame, bytes, missing), cancellationToken).ConfigureAwait(false);
        if (frames.Count == 0)
            return 0;
        delta.Append(new DeltaTable(from.ImageId, to.ImageId, frames).Serialize());
        await store.PutSpooledAsync(ObjectKeys.Delta(from.ImageId, to.ImageId), delta, cancellationToken).ConfigureAwait(false);
        return delta.Length;
    }

    private static bool Any(ReadOnlySpan<int> rows, bool[] missing)
    {
        foreach (int row in rows)
        {
            if (missing[row])
                return true;
        }

        return false;
    }

    private async Task ReadAsync(ImageIndex index, FrameContents contents, IReadOnlyList<int> numbers, Action<int, ReadOnlyMemory<byte>> take, CancellationToken cancellationToken)
    {
        var reads = new FrameReads(store, index, contents);
        await reads.RunAsync(numbers, ParallelReads, TakeAsync, cancellationToken).ConfigureAwait(false);

        ValueTask TakeAsync(int frame, ReadOnlyMemory<byte> stored, ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            take(frame, bytes);
            progress?.Report(new TransferProgress(Interlocked.Add(ref done, stored.Length), total));
            return ValueTask.CompletedTask;
        }
    }

    private void Keep(FrameContents contents, int frame, ReadOnlyMemory<byte> bytes)
    {
        Span<ulong> taken = stackalloc ulong[ContentSamples.Most];
        taken = taken[..samples.SamplesPerChunk];
        foreach (int row in contents.ChunksOf(frame))
        {
            IndexedChunk chunk = from.Chunks[row];
            samples.Add(taken[..ContentSamples.Take(bytes.Span.Slice(chunk.OffsetInFrame, chunk.Length), taken)], row);
        }

        content.Write(bytes.Span, places[frame]);
    }

    private void Compress(FrameContents contents, int frame, ReadOnlyMemory<byte> bytes, bool[] missing)
    {
        // A chunk that the disk has at several places is given once.
        var rows = new List<int>();
        var offsets = new HashSet<int>();
        foreach (int row in contents.ChunksOf(frame))
        {
            if (missing[row] && offsets.Add(to.Chunks[row].OffsetInFrame))
                rows.Add(row);
        }

        rows.Sort();
        List<int> resembling = new ResemblingChunks(samples, from.Chunks).Choose(rows.Select(row => bytes.Slice(to.Chunks[row].OffsetInFrame, to.Chunks[row].Length)));
        if (resembling.Count == 0)
            return;
        byte[] source = buffers.Rent();
        byte[] stored = buffers.Rent();
        byte[] prefix = prefixes.Rent();
        if (!codecs.TryTake(out ZstdCodec? codec))
            codec = new ZstdCodec(level);
        int length = 0;
        foreach (int row in rows)
        {
            IndexedChunk chunk = to.Chunks[row];
            bytes.Span.Slice(chunk.OffsetInFrame, chunk.Length).CopyTo(source.AsSpan(length));
            length += chunk.Length;
        }

        int prefixLength = 0;
        foreach (int row in resembling)
        {
            IndexedChunk chunk = from.Chunks[row];
            content.Read(prefix.AsSpan(prefixLength, chunk.Length), places[chunk.Frame] + chunk.OffsetInFrame);
            prefixLength += chunk.Length;
        }

        int storedLength = codec.Compress(source.AsSpan(0, length), prefix.AsSpan(0, prefixLength), stored);
        codecs.Add(codec);
        if (storedLength > 0 && storedLength < to.Frames[frame].StoredLength * WorthIt)
            Append(stored.AsSpan(0, storedLength), ChunkRun.Of(rows), ChunkRun.Of(resembling));
        buffers.Return(source);
        buffers.Return(stored);
        prefixes.Return(prefix);
    }

    private void Append(ReadOnlySpan<byte> stored, ChunkRun[] chunks, ChunkRun[] prefix)
    {
        lock (gate)
        {
            var frame = new DeltaFrame(delta.Length, stored.Length, chunks, prefix);
            tableLength += DeltaTable.LengthOf(frame);
            if (delta.Length + stored.Length > FormatLimits.LongestDelta || tableLength > MostOfTable)
                return;
            frames.Add(frame);
            delta.Append(stored);
        }
    }
}
