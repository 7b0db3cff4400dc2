using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.FanOut;

/// <summary>A host did not give what it should.</summary>
internal sealed class PeerException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Takes frames from other hosts, and believes none of them: a certificate must be the one that was told, and a frame must hold the chunks that the index names.</summary>
internal sealed class PeerReads(byte[] token, BandwidthLimit? limit = null) : IDisposable
{
    private const int MostIdle = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<int, ConcurrentBag<SslStream>> idle = new();
    private readonly BufferPool buffers = new(FormatLimits.LongestFrame);
    private long bytesFetched;

    /// <summary>Bytes that came from hosts so far.</summary>
    public long BytesFetched => Interlocked.Read(ref bytesFetched);

    /// <summary>Told of bytes that came.</summary>
    public Action<int>? Fetched { get; init; }

    /// <summary>Takes frames from a host.</summary>
    /// <exception cref="PeerException">It does not answer, is another, or gives what is not asked for.</exception>
    public async Task ReadAsync(PeerAddress peer, IReadOnlyList<int> frames, FrameContents contents, CheckedFrame take, CancellationToken cancellationToken)
    {
        byte[] buffer = buffers.Rent();
        try
        {
            await AskAsync(peer, [.. frames.Select(f => (uint)f)], ReadFramesAsync, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            buffers.Return(buffer);
        }

        async Task ReadFramesAsync(SslStream stream, CancellationTokenSource patience)
        {
            foreach (int frame in frames)
            {
                (FrameCodec codec, int length) = await ReadHeadAsync(stream, FormatLimits.LongestFrame, patience).ConfigureAwait(false);
                await FillAsync(stream, buffer.AsMemory(0, length), patience).ConfigureAwait(false);
                patience.CancelAfter(Timeout.InfiniteTimeSpan);
                if (!await contents.TryTakeAsync(frame, buffer.AsMemory(0, length), codec, take, cancellationToken).ConfigureAwait(false))
                    throw new PeerException($"Host {peer.Address} gave something else for frame {frame}.");
                patience.CancelAfter(Silence);
            }
        }
    }

    /// <summary>Takes the index from a host; what it is, the caller checks.</summary>
    /// <exception cref="PeerException">It does not answer, is another, or gives something longer.</exception>
    public async Task<SpooledObject> ReadIndexAsync(PeerAddress peer, long length, CancellationToken cancellationToken)
    {
        byte[] buffer = buffers.Rent();
        SpooledObject? content = null;
        try
        {
            await AskAsync(peer, [PeerProtocol.Index], ReadIndexAsync, cancellationToken).ConfigureAwait(false);
            return content!;
        }
        catch
        {
            content?.Dispose();
            throw;
        }
        finally
        {
            buffers.Return(buffer);
        }

        async Task ReadIndexAsync(SslStream stream, CancellationTokenSource patience)
        {
            // A connection that was lost on the way gives it from its begin.
            content?.Dispose();
            content = new SpooledObject();
            (_, int said) = await ReadHeadAsync(stream, (int)Math.Min(length, int.MaxValue), patience).ConfigureAwait(false);
            while (content.Length < said)
            {
                Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, said - content.Length));
                await FillAsync(stream, part, patience).ConfigureAwait(false);
                content.Append(part.Span);
            }
        }
    }

    public void Dispose()
    {
        foreach (SslStream stream in idle.Values.SelectMany(s => s))
            stream.Dispose();
    }

    private async Task AskAsync(PeerAddress peer, uint[] frames, Func<SslStream, CancellationTokenSource, Task> read, CancellationToken cancellationToken)
    {
        ConcurrentBag<SslStream> unused = idle.GetOrAdd(peer.Id, static _ => []);
        if (unused.TryTake(out SslStream? used))
        {
            try
            {
                await OnAsync(used, peer, unused, frames, read, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (PeerException lost) when (lost.InnerException is IOException)
            {
                // It was closed while nobody used it; what had arrived of the answer comes once more.
            }
        }

        await OnAsync(await ConnectAsync(peer, cancellationToken).ConfigureAwait(false), peer, unused, frames, read, cancellationToken).ConfigureAwait(false);
    }

    private async Task OnAsync(
        SslStream stream, PeerAddress peer, ConcurrentBag<SslStream> unused, uint[] frames, Func<SslStream, CancellationTokenSource, Task> read, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Silence);
        bool whole = false;
        try
        {
            await stream.WriteAsync(PeerProtocol.Request(token, frames), patience.Token).ConfigureAwait(false);
            await read(stream, patience).ConfigureAwait(false);
            whole = true;
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException || (lost is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new PeerException($"Host {peer.Address} does not answer: {lost.Message}", lost);
        }
        finally
        {
            if (whole && unused.Count < MostIdle)
                unused.Add(stream);
            else
                await stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<SslStream> ConnectAsync(PeerAddress peer, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var socket = new Socket(peer.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? stream = null;
        try
        {
            await socket.ConnectAsync(peer.Address, patience.Token).ConfigureAwait(false);
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            var options = new SslClientAuthenticationOptions
            {
                TargetHost = "imagefabric",
                EnabledSslProtocols = SslProtocols.None,
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null && PeerCertificate.Pin(certificate).AsSpan().SequenceEqual(peer.Certificate),
            };
            await stream.AuthenticateAsClientAsync(options, patience.Token).ConfigureAwait(false);
            return stream;
        }
        catch (Exception refused) when (refused is SocketException or IOException or AuthenticationException || (refused is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            stream?.Dispose();
            socket.Dispose();
            throw new PeerException($"Host {peer.Address} cannot be reached: {refused.Message}", refused is IOException ? null : refused);
        }
        catch
        {
            stream?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    private static async ValueTask<(FrameCodec Codec, int Length)> ReadHeadAsync(SslStream stream, int longest, CancellationTokenSource patience)
    {
        byte[] head = new byte[PeerProtocol.HeadLength];
        await stream.ReadExactlyAsync(head, patience.Token).ConfigureAwait(false);
        return PeerProtocol.ReadHead(head, longest) ?? throw new PeerException("The host does not have what it said it has.");
    }

    private async Task FillAsync(SslStream stream, Memory<byte> destination, CancellationTokenSource patience)
    {
        while (destination.Length > 0)
        {
            int read = await stream.ReadAsync(destination, patience.Token).ConfigureAwait(false);
            if (read == 0)
                throw new EndOfStreamException("the connection ended early");
            patience.CancelAfter(Silence);
            if (limit is not null)
                await limit.SpendAsync(read, () => patience.CancelAfter(Silence), patience.Token).ConfigureAwait(false);
            destination = destination[read..];
            Interlocked.Add(ref bytesFetched, read);
            Fetched?.Invoke(read);
        }
    }
}
