using ImageFabric.Engine.Host;
using ImageFabric.Engine.Output;
using ImageFabric.Engine.Serve;
using ImageFabric.Protocol;
using ImageFabric.Store;
using ImageFabric.Store.FanOut;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Operations;

/// <summary>On a host: its part in a fan-out, from the index to the end of the sync.</summary>
internal sealed class HostFanOut : IAsyncDisposable
{
    private readonly FanOutTerms terms;
    private readonly byte[] token;
    private readonly PieceBroker broker;
    private readonly long? bytesPerSecond;
    private FanOutServer? server;

    private HostFanOut(FanOutTerms terms, byte[] token, PieceBroker broker, long? bytesPerSecond) => (this.terms, this.token, this.broker, this.bytesPerSecond) = (terms, token, broker, bytesPerSecond);

    /// <summary>Takes part.</summary>
    /// <param name="terms">The fan-out.</param>
    /// <param name="bytesPerSecond">What may be given to others in a second. Null: as much as goes.</param>
    /// <param name="grants">Brings orders.</param>
    /// <param name="output">Takes what is said of pieces.</param>
    /// <exception cref="OperationException"><c>InvalidRequest</c>: the token is none.</exception>
    public static HostFanOut Join(FanOutTerms terms, long? bytesPerSecond, GrantClient grants, JsonLinesOutput output)
    {
        if (terms.Token is not { Length: 64 } || !terms.Token.All(char.IsAsciiHexDigit))
            throw new OperationException("InvalidRequest", null, "The token of a fan-out is 64 hexadecimal digits.");
        var broker = new PieceBroker(output);
        grants.Orders = broker;
        return new HostFanOut(terms, Convert.FromHexString(terms.Token), broker, bytesPerSecond);
    }

    /// <summary>Takes the index from the host that was named for it.</summary>
    /// <returns>Null when none was named, or it does not have it.</returns>
    public async Task<SpooledObject?> ReadIndexAsync(ImageResult image, HolderAddress? holder, IEventOutput output, CancellationToken cancellationToken)
    {
        if (holder is null)
            return null;
        try
        {
            return await FanOutIndex.ReadAsync(PieceBroker.Read(holder), token, image.Index, image.IndexSize, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException refused)
        {
            output.Verbose(refused.Message);
            return null;
        }
    }

    /// <summary>Begins to serve, and says how a pull takes part.</summary>
    public async Task<FanOutOptions> BeginAsync(ImageIndex index, SpooledObject indexObject, HostImageDirectory directory, BandwidthLimit? incoming, CancellationToken cancellationToken)
    {
        server = FanOutServer.Start(await OwnAddress.FindAsync(terms, cancellationToken).ConfigureAwait(false), token, index, indexObject, BandwidthLimit.Of(bytesPerSecond));
        broker.Offer(server.OfferIndex(index));
        return new FanOutOptions(server, broker, token, directory.TemporaryPath(), incoming);
    }

    /// <summary>Serves an image that was here before.</summary>
    public async Task OfferAsync(HostImageDirectory directory, ImageId id, string path, CancellationToken cancellationToken)
    {
        if (await directory.TryReadIndexObjectAsync(id, cancellationToken).ConfigureAwait(false) is not { } known)
            return;
        FanOutOptions options = await BeginAsync(known.Index, known.Object, directory, null, cancellationToken).ConfigureAwait(false);
        await options.Server.ServeAsync(path, cancellationToken).ConfigureAwait(false);
        broker.Offer(options.Server.OfferWhole(known.Index));
    }

    /// <summary>Serves until the sync has ended.</summary>
    public static async Task ServeAsync(CancellationToken cancellationToken) =>
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync().ConfigureAwait(false);
    }
}
