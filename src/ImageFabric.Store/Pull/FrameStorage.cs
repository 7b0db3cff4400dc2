using ImageFabric.Disks;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Pull;

/// <summary>Puts the chunks of frames into their places of the disk.</summary>
internal sealed class FrameStorage(IDiskTarget target, PullState state, FrameContents contents)
{
    /// <summary>Writes the chunks of a checked frame that are not in place yet.</summary>
    public async ValueTask StoreAsync(int frame, ReadOnlyMemory<byte> stored, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        for (int i = 0; i < contents.ChunksOf(frame).Length; i++)
        {
            int row = contents.ChunksOf(frame)[i];
            if (state.IsDone(row))
                continue;
            IndexedChunk chunk = state.Index.Chunks[row];
            await target.WriteAsync(chunk.Offset, content.Slice(chunk.OffsetInFrame, chunk.Length), cancellationToken).ConfigureAwait(false);
            state.Complete(row, chunk.Length);
        }
    }

    /// <summary>Writes a checked chunk to all places of the disk where its frame puts it.</summary>
    public async ValueTask StoreAsync(IndexedChunk chunk, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        for (int i = 0; i < contents.ChunksOf(chunk.Frame).Length; i++)
        {
            int row = contents.ChunksOf(chunk.Frame)[i];
            if (state.IsDone(row))
                continue;
            IndexedChunk place = state.Index.Chunks[row];
            if (!place.Digest.Equals(chunk.Digest))
                continue;
            await target.WriteAsync(place.Offset, content, cancellationToken).ConfigureAwait(false);
            state.Complete(row, chunk.Length);
        }
    }
}
