namespace ImageFabric.Store.Objects;

/// <summary>
/// Objects that can be read: a store, or what a host was granted of one. Keys are relative to the store's prefix and use <c>/</c>.
/// Passing faults are retried inside; what comes out as an error is final.
/// </summary>
public interface IObjectSource : IAsyncDisposable
{
    /// <summary>The whole of a small object.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="maximumLength">The longest the object may be, in bytes; a longer one is refused before it is read.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <exception cref="StoreException"><c>ObjectMissing</c>, <c>StoreUnreachable</c>, <c>StoreAccessDenied</c>, <c>GrantExpired</c>,
    /// and <c>StoreFormatNotSupported</c> when the object is longer than <paramref name="maximumLength"/>.</exception>
    Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken);

    /// <summary>Fills the whole destination with the object's bytes from <paramref name="offset"/> on. An object too short for it gives <c>ObjectMissing</c>.</summary>
    /// <exception cref="StoreException">As for <see cref="ReadAllAsync"/>.</exception>
    Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>As <see cref="ReadRangeAsync(string, long, Memory{byte}, CancellationToken)"/>, and says as bytes arrive how many are there.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="offset">Where the range begins in the object, in bytes.</param>
    /// <param name="destination">Filled from its begin on.</param>
    /// <param name="arrived">Told of each part; what it throws ends the read. Where an attempt began anew, the count can be less than before.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <exception cref="StoreException">As for <see cref="ReadAllAsync"/>.</exception>
    async Task ReadRangeAsync(string key, long offset, Memory<byte> destination, ArrivedBytes arrived, CancellationToken cancellationToken)
    {
        await ReadRangeAsync(key, offset, destination, cancellationToken).ConfigureAwait(false);
        await arrived(destination.Length, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Announces keys that will be read soon, so that a granted source can ask for them in batches. A store of its own right needs none of it.</summary>
    /// <param name="keys">The objects' keys, in the order in which they will be wanted.</param>
    /// <param name="cancellationToken">Stops the preparation.</param>
    /// <exception cref="StoreException">As for <see cref="ReadAllAsync"/>.</exception>
    Task PrepareAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Told how many bytes of a range have arrived, counted from its begin. The read goes on when it returns.</summary>
public delegate ValueTask ArrivedBytes(int count, CancellationToken cancellationToken);
