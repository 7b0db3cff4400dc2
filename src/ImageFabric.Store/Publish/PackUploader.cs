using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Publish;

/// <summary>Takes frames in order, compresses them on all cores, fills packs with them and sends full packs, several at once.</summary>
internal sealed class PackUploader : IAsyncDisposable
{
    private readonly IObjectStore store;
    private readonly KnownChunks known;
    private readonly ObjectMarks marks;
    private readonly FrameCompression compression;
    private readonly UploadSlots uploadSlots;
    private readonly PackPool packs = new();
    private readonly BufferPool frameBuffers = new(FrameBuilder.BufferLength);
    private readonly ConcurrentBag<ZstdCodec> codecs = [];
    private readonly Channel<Task<FrameBuilder>> compressing;
    private readonly CancellationTokenSource stop;
    private readonly Task packing;
    private long bytesUploaded;
    private int packsUploaded;

    public PackUploader(IObjectStore store, KnownChunks known, ObjectMarks marks, PublishOptions options, CancellationToken cancellationToken)
    {
        this.store = store;
        this.known = known;
        this.marks = marks;
        compression = options.CompressionLevel is { } level ? new FrameCompression(level, null) : known.HasRelatives ? FrameCompression.LaterVersion : FrameCompression.FirstVersion;
        uploadSlots = new UploadSlots(options.Uploads, () => store.PassingFaults);
        compressing = Channel.CreateBounded<Task<FrameBuilder>>(new BoundedChannelOptions(2 * Environment.ProcessorCount) { SingleReader = true, SingleWriter = true });
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        packing = Task.Run(PackAsync, CancellationToken.None);
    }

    public long BytesUploaded => Interlocked.Read(ref bytesUploaded);

    public int PacksUploaded => Volatile.Read(ref packsUploaded);

    /// <summary>A new frame to fill.</summary>
    public FrameBuilder StartFrame() => new(known.ReserveFrame(), frameBuffers);

    /// <summary>Hands over a frame; waits while too many are on their way. What failed further down is thrown here.</summary>
    public async Task WriteAsync(FrameBuilder frame)
    {
        try
        {
            await compressing.Writer.WriteAsync(Task.Run(() => Compress(frame), CancellationToken.None), stop.Token).ConfigureAwait(false);
        }
        catch (Exception broken) when (broken is ChannelClosedException or OperationCanceledException)
        {
            // A failure further down closes the way to it or calls off the wait for it; this throws the failure itself.
            await packing.ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends what is left and waits until all of it has arrived.</summary>
    public async Task CompleteAsync()
    {
        compressing.Writer.TryComplete();
        await packing.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        compressing.Writer.TryComplete();
        await packing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (compressing.Reader.TryRead(out Task<FrameBuilder>? unpacked))
            (await unpacked.ConfigureAwait(false)).Dispose();
        foreach (ZstdCodec codec in codecs)
            codec.Dispose();
        uploadSlots.Dispose();
        stop.Dispose();
    }

    private FrameBuilder Compress(FrameBuilder frame)
    {
        if (!codecs.TryTake(out ZstdCodec? codec))
            codec = compression.CreateCodec();
        frame.Compress(codec);
        codecs.Add(codec);
        return frame;
    }

    private async Task PackAsync()
    {
        var uploads = new List<Task>();
        PackBuilder? pack = null;
        try
        {
            await foreach (Task<FrameBuilder> compressed in compressing.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
            {
                using (FrameBuilder frame = await compressed.ConfigureAwait(false))
                {
                    pack ??= await StartPackAsync(uploads).ConfigureAwait(false);
                    known.PlaceFrame(frame.Number, pack.Append(frame));
                }

                if (!pack.IsFull)
                    continue;
                uploads.Add(UploadAsync(pack));
                pack = null;
            }

            if (pack is not null)
                uploads.Add(UploadAsync(pack));
            pack = null;
            await Task.WhenAll(uploads).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            compressing.Writer.TryComplete(failure);
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(uploads).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // The first cause, not the cancellations that followed from it.
            await (uploads.Find(u => u.IsFaulted) ?? Task.CompletedTask).ConfigureAwait(false);
            throw;
        }
        finally
        {
            pack?.Dispose();
        }
    }

    // The slot is taken before the pack is filled, so that no more packs than slots are ever in memory.
    private async Task<PackBuilder> StartPackAsync(List<Task> uploads)
    {
        await uploadSlots.WaitAsync(stop.Token).ConfigureAwait(false);
        foreach (Task done in uploads.Where(u => u.IsCompleted))
            await done.ConfigureAwait(false);
        uploads.RemoveAll(u => u.IsCompletedSuccessfully);
        return packs.Start(known.ReservePack());
    }

    private async Task UploadAsync(PackBuilder pack)
    {
        await Task.Yield();
        long start = Stopwatch.GetTimestamp();
        long arrived = 0;
        try
        {
            (ReadOnlyMemory<byte> content, byte[] digest) = pack.Seal([]);
            if (marks.Contains(ObjectKeys.Pack(digest)))
                (content, digest) = pack.Seal(ObjectMarks.NewSalt());
            known.NamePack(pack.Number, digest);
            await store.PutHashedAsync(ObjectKeys.Pack(digest), content, digest, stop.Token).ConfigureAwait(false);
            arrived = content.Length;
            Interlocked.Add(ref bytesUploaded, content.Length);
            Interlocked.Increment(ref packsUploaded);
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            pack.Dispose();
            uploadSlots.Release(arrived, Stopwatch.GetElapsedTime(start));
        }
    }
}
