using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Pull;

/// <summary>Reads frames of packs. Each is decoded and checked as soon as its last byte has arrived.</summary>
internal sealed class FrameReads(IObjectSource source, ImageIndex index, FrameContents contents, Action<int>? fetched = null)
{
    private readonly RangeReads reads = new(source) { Fetched = fetched };

    /// <summary>Bytes that crossed the wire so far.</summary>
    public long BytesFetched => reads.BytesFetched;

    /// <summary>Reads frames.</summary>
    /// <param name="frames">Their numbers, ascending.</param>
    /// <param name="parallel">Reads at the same time.</param>
    /// <param name="take">Gets each one, from several threads at once.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException"><c>PackCorrupt</c>, and what the source gives.</exception>
    public Task RunAsync(IReadOnlyList<int> frames, int parallel, CheckedFrame take, CancellationToken cancellationToken)
    {
        string[] keys = new string[index.PackCount];
        var ranges = new StoredRange[frames.Count];
        for (int i = 0; i < ranges.Length; i++)
        {
            PackFrame frame = index.Frames[frames[i]];
            ranges[i] = new StoredRange(keys[frame.Pack] ??= index.PackKey(frame.Pack), frame.Offset, frame.StoredLength);
        }

        return reads.RunAsync(
            ranges, parallel, (i, stored, stop) => contents.TryTakeAsync(frames[i], stored, index.Frames[frames[i]].Codec, take, stop), i => throw Damaged(ranges[i]), cancellationToken);
    }

    private static StoreException Damaged(StoredRange frame) => new("PackCorrupt", frame.Key, $"The pack {frame.Key} is damaged in its frame at byte {frame.Offset}.");
}
