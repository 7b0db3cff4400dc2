using ImageFabric.Store.Format;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.Repair;

/// <summary>Puts frames of damaged packs together again from what the packs still hold and from what donors have.</summary>
internal sealed class RepairFrames(PackSalvage salvage, IReadOnlyList<IRepairDonor> donors)
{
    /// <summary>Frames at a time: about 32 MB of content.</summary>
    private const int BatchLength = 64;

    /// <summary>Names of the donors that gave something.</summary>
    public SortedSet<string> Givers { get; } = new(StringComparer.Ordinal);

    /// <summary>Gives those of the frames of which every chunk that the image uses was found.</summary>
    public async Task ReadAsync(ImageIndex index, IReadOnlyList<int> frames, CheckedFrame take, CancellationToken cancellationToken)
    {
        var wantedFrames = new HashSet<int>(frames);
        ILookup<int, int> rows = Enumerable.Range(0, index.Chunks.Length).Where(row => wantedFrames.Contains(index.Chunks[row].Frame)).ToLookup(row => index.Chunks[row].Frame);
        foreach (int[] batch in frames.Chunk(BatchLength))
        {
            Dictionary<int, byte[]> found = await GatherAsync(index, [.. batch.SelectMany(frame => rows[frame])], cancellationToken).ConfigureAwait(false);
            foreach (int frame in batch)
            {
                if (!rows[frame].All(found.ContainsKey))
                    continue;
                byte[] content = new byte[index.Frames[frame].ContentLength];
                foreach (int row in rows[frame])
                    found[row].CopyTo(content.AsSpan(index.Chunks[row].OffsetInFrame));
                await take(frame, ReadOnlyMemory<byte>.Empty, content, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<Dictionary<int, byte[]>> GatherAsync(ImageIndex index, int[] wanted, CancellationToken cancellationToken)
    {
        var found = new Dictionary<int, byte[]>();
        var asked = new HashSet<int>(wanted);
        foreach (IGrouping<int, int> pack in wanted.GroupBy(row => index.Frames[index.Chunks[row].Frame].Pack))
            await salvage.ReadAsync(index, pack.Key, [.. pack.OrderBy(row => index.Chunks[row].Frame)], Take, cancellationToken).ConfigureAwait(false);
        foreach (IRepairDonor donor in donors)
        {
            int[] missing = [.. wanted.Where(row => !found.ContainsKey(row))];
            if (missing.Length == 0)
                break;
            int before = found.Count;
            await donor.ReadChunksAsync(index.ImageId, missing, Take, cancellationToken).ConfigureAwait(false);
            if (found.Count > before)
                Givers.Add(donor.Name);
        }

        return found;

        ValueTask Take(int row, ReadOnlyMemory<byte> content)
        {
            // A donor may give what nobody asked for, or what it does not have.
            if (asked.Contains(row) && content.Length == index.Chunks[row].Length && ChunkDigest.Of(content.Span).Equals(index.Chunks[row].Digest))
                found.TryAdd(row, content.ToArray());
            return ValueTask.CompletedTask;
        }
    }
}
