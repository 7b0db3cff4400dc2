using System.Collections.Concurrent;
using ImageFabric.Disks;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.FanOut;

/// <summary>The frames that this host can give: those whose chunks are all in place. Used from many threads at once.</summary>
internal sealed class FrameShare(ImageIndex index, SpooledObject indexObject) : IDisposable
{
    // Whoever has no compressed form any more makes one for the wire alone.
    private const int WireLevel = 1;

    private readonly FrameContents contents = new(index);
    private readonly ConcurrentBag<ZstdCodec> codecs = [];
    private readonly BufferPool buffers = new(FormatLimits.LongestFrame);

    // Held while there is nothing to read from.
    private readonly SemaphoreSlim changing = new(0);
    private Source? source;

    /// <summary>The image's index as its object.</summary>
    public SpooledObject IndexObject => indexObject;

    /// <summary>Frames of the image.</summary>
    public int Frames => index.Frames.Length;

    /// <summary>Gives what is in place of a file under construction.</summary>
    public Task UseAsync(IDiskTarget target, PullState state, KeptFrames? kept, CancellationToken cancellationToken) => ChangeAsync(
        new Source(state.IsDone, (offset, destination, stop) => TargetReading.ReadAsync(target, offset, destination, stop), kept, null), cancellationToken);

    /// <summary>Gives everything, from a whole image.</summary>
    /// <param name="disk">The image; disposed of with this.</param>
    /// <param name="cancellationToken">Stops the waiting for reads under way.</param>
    public Task UseAsync(ILogicalDisk disk, CancellationToken cancellationToken) => ChangeAsync(
        new Source(static _ => true, async (offset, destination, stop) => { await disk.ReadAsync(offset, destination, stop).ConfigureAwait(false); return true; }, source?.Kept, disk),
        cancellationToken);

    /// <summary>Gives nothing for now, and waits for reads under way.</summary>
    /// <remarks>Requests that come meanwhile wait.</remarks>
    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (source is { } old)
            await old.EndAsync().ConfigureAwait(false);
    }

    /// <summary>Reads a frame as it travels.</summary>
    /// <param name="frame">Its number.</param>
    /// <param name="destination">At least <see cref="PeerProtocol.HeadLength"/> and <see cref="FormatLimits.LongestFrame"/> bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>How it is stored, and its length; null when not all of it is in place.</returns>
    public async ValueTask<(FrameCodec Codec, int Length)?> ReadAsync(int frame, Memory<byte> destination, CancellationToken cancellationToken)
    {
        Source current = await EnterAsync(cancellationToken).ConfigureAwait(false);
        byte[] content = buffers.Rent();
        try
        {
            if (!IsWhole(current, frame))
                return null;
            if (current.Kept is { } kept && await kept.ReadAsync(frame, destination, cancellationToken).ConfigureAwait(false) is > 0 and var length)
                return (FrameCodec.Zstd, length);
            if (!await FillAsync(current, frame, content, cancellationToken).ConfigureAwait(false))
                return null;
            return Pack(frame, content, destination.Span);
        }
        finally
        {
            buffers.Return(content);
            current.Leave();
        }
    }

    public void Dispose()
    {
        source?.Kept?.Dispose();
        source?.Disk?.Dispose();
        contents.Dispose();
        indexObject.Dispose();
        foreach (ZstdCodec codec in codecs)
            codec.Dispose();
        changing.Dispose();
    }

    private async Task ChangeAsync(Source next, CancellationToken cancellationToken)
    {
        // At first, and after a pause, the turn is held already.
        if (source is { Ended: false })
            await PauseAsync(cancellationToken).ConfigureAwait(false);
        source = next;
        changing.Release();
    }

    private async ValueTask<Source> EnterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Volatile.Read(ref source) is { } current && current.TryEnter())
                return current;
            await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
            changing.Release();
        }
    }

    private bool IsWhole(Source current, int frame)
    {
        foreach (int row in contents.ChunksOf(frame))
        {
            if (!current.IsDone(row))
                return false;
        }

        return true;
    }

    // Chunks of the frame that this image does not use are zero: nobody looks at them.
    private async ValueTask<bool> FillAsync(Source current, int frame, byte[] content, CancellationToken cancellationToken)
    {
        Array.Clear(content, 0, index.Frames[frame].ContentLength);
        for (int i = 0; i < contents.ChunksOf(frame).Length; i++)
        {
            IndexedChunk chunk = index.Chunks[contents.ChunksOf(frame)[i]];
            if (!await current.Read(chunk.Offset, content.AsMemory(chunk.OffsetInFrame, chunk.Length), cancellationToken).ConfigureAwait(false))
                return false;
        }

        return true;
    }

    private (FrameCodec Codec, int Length)? Pack(int frame, byte[] content, Span<byte> destination)
    {
        PackFrame known = index.Frames[frame];
        ReadOnlySpan<byte> whole = content.AsSpan(0, known.ContentLength);
        if (known.Codec != FrameCodec.Stored)
        {
            if (!codecs.TryTake(out ZstdCodec? codec))
                codec = new ZstdCodec(WireLevel);
            int length = codec.Compress(whole, destination);
            codecs.Add(codec);
            if (length > 0 && length < whole.Length)
                return (FrameCodec.Zstd, length);
        }

        whole.CopyTo(destination);
        return (FrameCodec.Stored, whole.Length);
    }

    private delegate ValueTask<bool> ReadDisk(long offset, Memory<byte> destination, CancellationToken cancellationToken);

    // Where content comes from; it is exchanged when nobody reads from it.
    private sealed class Source(Func<int, bool> isDone, ReadDisk read, KeptFrames? kept, ILogicalDisk? disk)
    {
        private readonly Lock gate = new();
        private readonly TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int readers;

        public Func<int, bool> IsDone => isDone;

        public ReadDisk Read => read;

        public KeptFrames? Kept => kept;

        public ILogicalDisk? Disk => disk;

        public bool Ended { get; private set; }

        public bool TryEnter()
        {
            lock (gate)
            {
                if (Ended)
                    return false;
                readers++;
                return true;
            }
        }

        public void Leave()
        {
            lock (gate)
            {
                if (--readers == 0 && Ended)
                    left.TrySetResult();
            }
        }

        public Task EndAsync()
        {
            lock (gate)
            {
                Ended = true;
                return readers == 0 ? Task.CompletedTask : left.Task;
            }
        }
    }
}
