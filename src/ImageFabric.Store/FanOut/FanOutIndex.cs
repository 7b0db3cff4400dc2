using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.FanOut;

/// <summary>Takes an image's index from another host.</summary>
public static class FanOutIndex
{
    /// <summary>Takes it, and checks that it is the one that its key names.</summary>
    /// <param name="peer">The host.</param>
    /// <param name="token">The sync's token, 32 bytes.</param>
    /// <param name="key">The index's key in the store.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException"><c>StoreUnreachable</c>: the host does not answer; <c>IndexCorrupt</c>: it gives something else.</exception>
    public static async Task<SpooledObject> ReadAsync(PeerAddress peer, byte[] token, string key, long length, CancellationToken cancellationToken)
    {
        using var peers = new PeerReads(token);
        try
        {
            SpooledObject content = await peers.ReadIndexAsync(peer, length, cancellationToken).ConfigureAwait(false);
            if (ObjectKeys.Index(content.Digest()) == key)
                return content;
            content.Dispose();
            throw new StoreException("IndexCorrupt", key, $"Host {peer.Address} gave something else for the index {key}.");
        }
        catch (PeerException refused)
        {
            throw new StoreException("StoreUnreachable", key, refused.Message, refused);
        }
    }
}
