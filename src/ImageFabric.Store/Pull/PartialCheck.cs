using ImageFabric.Disks;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Pull;

/// <summary>Finds the chunks that an interrupted pull put in place.</summary>
internal static class PartialCheck
{
    private const int BatchLength = 64;

    public static async Task RunAsync(IDiskTarget target, PullState state, CancellationToken cancellationToken)
    {
        int count = state.Index.Chunks.Length;
        var buffers = new BufferPool(state.Index.Profile.MaximumLength);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, (count + BatchLength - 1) / BatchLength, options, (batch, _) =>
        {
            byte[] buffer = buffers.Rent();
            int first = batch * BatchLength;
            var chunks = new IndexedChunk[Math.Min(BatchLength, count - first)];
            state.Index.Chunks.CopyTo(first, chunks);
            for (int c = 0; c < chunks.Length; c++)
            {
                if (Holds(target, chunks[c], buffer))
                    state.Reused(first + c, chunks[c].Length);
            }

            buffers.Return(buffer);
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
    }

    // No chunk holds a zero block, so a look at its first one tells most that are missing without a digest.
    private static bool Holds(IDiskTarget target, in IndexedChunk chunk, byte[] buffer)
    {
        int look = Math.Min(chunk.Length, ChunkingProfile.BlockLength);
        if (!TryRead(target, chunk.Offset, buffer.AsSpan(0, look)) || !buffer.AsSpan(0, look).ContainsAnyExcept((byte)0))
            return false;
        return TryRead(target, chunk.Offset + look, buffer.AsSpan(look, chunk.Length - look)) &&
            ChunkDigest.Of(buffer.AsSpan(0, chunk.Length)).Equals(chunk.Digest);
    }

    private static bool TryRead(IDiskTarget target, long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            (long position, long contiguous) = target.Locate(offset);
            Span<byte> part = destination[..(int)Math.Min(contiguous, destination.Length)];
            int read = RandomAccess.Read(target.Handle, part, position);
            if (read == 0)
                return false;
            destination = destination[read..];
            offset += read;
        }

        return true;
    }
}
