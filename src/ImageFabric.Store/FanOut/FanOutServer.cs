using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImageFabric.Disks;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.FanOut;

/// <summary>
/// Gives what this host has verified of one image to other hosts of the sync: over TLS, known by a certificate made for the sync, to those who know the sync's token.
/// Read only, and nothing but this image.
/// </summary>
public sealed class FanOutServer : IAsyncDisposable
{
    private const int MostConnections = 256;

    // So little goes at once at a limited rate that nobody who waits for it takes the silence for the end.
    private const int LimitedPiece = 32 * 1024;
    private static readonly TimeSpan Handshake = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(2);

    private readonly byte[] token;
    private readonly X509Certificate2 certificate = PeerCertificate.Make();
    private readonly CancellationTokenSource ending = new();
    private readonly BufferPool buffers = new(FormatLimits.LongestFrame + PeerProtocol.HeadLength);
    private readonly HashSet<Task> connections = [];
    private readonly Lock counting = new();
    private readonly BandwidthLimit? limit;
    private readonly TcpListener? listener;
    private readonly Task accepting = Task.CompletedTask;
    private long bytesSent;

    private FanOutServer(IPAddress? address, byte[] token, FrameShare share, BandwidthLimit? limit)
    {
        this.token = token;
        this.limit = limit;
        Share = share;
        if (address is null)
            return;
        try
        {
            listener = new TcpListener(address, 0);
            listener.Start(MostConnections);
            accepting = AcceptAsync(listener);
        }
        catch (SocketException)
        {
            // Then nobody takes from here; what is to be brought here comes all the same.
            listener = null;
        }
    }

    /// <summary>Where it listens. Null: nowhere, since the address is none of this machine's.</summary>
    public IPEndPoint? Address => (IPEndPoint?)listener?.LocalEndpoint;

    /// <summary>Bytes given to others.</summary>
    public long BytesSent => Interlocked.Read(ref bytesSent);

    internal byte[] CertificatePin => PeerCertificate.Pin(certificate);

    internal FrameShare Share { get; }

    /// <summary>Begins to listen. What can be had here is told by what follows.</summary>
    /// <param name="address">The address of this machine that others reach. Null: give nothing.</param>
    /// <param name="token">The sync's token, 32 bytes.</param>
    /// <param name="index">The image.</param>
    /// <param name="indexObject">Its index as it lies in the store; disposed of with this.</param>
    /// <param name="limit">Holds back what is given. Null: as much as goes.</param>
    /// <exception cref="ArgumentException">The token has another length.</exception>
    public static FanOutServer Start(IPAddress? address, byte[] token, ImageIndex index, SpooledObject indexObject, BandwidthLimit? limit = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Length != PeerProtocol.TokenLength)
            throw new ArgumentException($"A token has {PeerProtocol.TokenLength} bytes.", nameof(token));
        return new FanOutServer(address, token, new FrameShare(index, indexObject), limit);
    }

    /// <summary>Gives a whole image.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="DiskException">The file cannot be read.</exception>
    public async Task ServeAsync(string path, CancellationToken cancellationToken) =>
        await Share.UseAsync(await DiskImage.OpenOwnAsync(path, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    /// <summary>What to say of a host that does not know yet what it has, but has the index.</summary>
    public FanOutOffer OfferIndex(ImageIndex index) => Offer(new PieceTable(index).Count, held: null);

    /// <summary>What to say of a host that has all of an image.</summary>
    public FanOutOffer OfferWhole(ImageIndex index)
    {
        var pieces = new PieceTable(index);
        byte[] held = new byte[(pieces.Count + 7) / 8];
        for (int p = 0; p < pieces.Count; p++)
            held[p / 8] |= (byte)(1 << (p % 8));
        return Offer(pieces.Count, held);
    }

    internal FanOutOffer Offer(int pieces, byte[]? held) => new(pieces, held, Address, listener is null ? null : CertificatePin);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        listener?.Dispose();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] open;
        lock (counting)
            open = [.. connections];
        await Task.WhenAll(open).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Share.Dispose();
        certificate.Dispose();
        ending.Dispose();
    }

    private async Task AcceptAsync(TcpListener from)
    {
        while (true)
        {
            Socket accepted = await from.AcceptSocketAsync(ending.Token).ConfigureAwait(false);
            lock (counting)
            {
                if (connections.Count >= MostConnections)
                {
                    accepted.Dispose();
                    continue;
                }

                Task serving = Task.Run(() => ServeAsync(accepted));
                connections.Add(serving);
                _ = serving.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private void Forget(Task connection)
    {
        // A connection that broke is its other side's to tell.
        _ = connection.Exception;
        lock (counting)
            connections.Remove(connection);
    }

    private async Task ServeAsync(Socket socket)
    {
        socket.NoDelay = true;
        await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        patience.CancelAfter(Handshake);
        var options = new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.None, ClientCertificateRequired = false };
        await stream.AuthenticateAsServerAsync(options, patience.Token).ConfigureAwait(false);
        byte[] buffer = buffers.Rent();
        try
        {
            while (await PeerProtocol.ReadRequestAsync(stream, IsToken, patience.Token).ConfigureAwait(false) is { } frames)
            {
                foreach (uint frame in frames)
                {
                    if (!await AnswerAsync(stream, frame, buffer, patience).ConfigureAwait(false))
                        return;
                }

                await stream.FlushAsync(patience.Token).ConfigureAwait(false);
                patience.CancelAfter(Idle);
            }
        }
        finally
        {
            buffers.Return(buffer);
        }
    }

    private async Task<bool> AnswerAsync(SslStream stream, uint frame, byte[] buffer, CancellationTokenSource patience)
    {
        patience.CancelAfter(Idle);
        if (frame == PeerProtocol.Index)
        {
            PeerProtocol.WriteHead(buffer, (byte)FrameCodec.Stored, (int)Share.IndexObject.Length);
            await stream.WriteAsync(buffer.AsMemory(0, PeerProtocol.HeadLength), patience.Token).ConfigureAwait(false);
            for (long at = 0; at < Share.IndexObject.Length;)
            {
                Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, Share.IndexObject.Length - at));
                Share.IndexObject.Read(part.Span, at);
                await SendAsync(stream, part, patience).ConfigureAwait(false);
                at += part.Length;
                patience.CancelAfter(Idle);
            }

            Interlocked.Add(ref bytesSent, Share.IndexObject.Length);
            return true;
        }

        if (frame >= Share.Frames || await Share.ReadAsync((int)frame, buffer.AsMemory(PeerProtocol.HeadLength), patience.Token).ConfigureAwait(false) is not { } found)
        {
            PeerProtocol.WriteHead(buffer, PeerProtocol.Absent, 0);
            await stream.WriteAsync(buffer.AsMemory(0, PeerProtocol.HeadLength), patience.Token).ConfigureAwait(false);
            return false;
        }

        PeerProtocol.WriteHead(buffer, (byte)found.Codec, found.Length);
        await SendAsync(stream, buffer.AsMemory(0, PeerProtocol.HeadLength + found.Length), patience).ConfigureAwait(false);
        Interlocked.Add(ref bytesSent, found.Length);
        return true;
    }

    private async ValueTask SendAsync(SslStream stream, ReadOnlyMemory<byte> content, CancellationTokenSource patience)
    {
        int most = limit is null ? content.Length : LimitedPiece;
        while (!content.IsEmpty)
        {
            ReadOnlyMemory<byte> part = content[..Math.Min(most, content.Length)];
            if (limit is not null)
                await limit.SpendAsync(part.Length, () => patience.CancelAfter(Idle), patience.Token).ConfigureAwait(false);
            await stream.WriteAsync(part, patience.Token).ConfigureAwait(false);
            content = content[part.Length..];
        }
    }

    private bool IsToken(byte[] said) => CryptographicOperations.FixedTimeEquals(said, token);
}
