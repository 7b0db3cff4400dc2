using System.Net.Http;

namespace ImageFabric.Store.Objects;

/// <summary>What a host sees of a store: the objects it was granted, by presigned <c>http(s)://</c> or by <c>file://</c> addresses. It holds no credentials.</summary>
public sealed class GrantedObjectSource : IObjectSource
{
    private readonly HttpClient http;
    private readonly GrantBook grants;
    private readonly HttpObjectReader reader;
    private readonly BandwidthLimit? limit;

    /// <summary>Makes a source of granted objects.</summary>
    /// <param name="demand">Asks for the addresses of up to 1000 keys. A key that is missing from the answer is refused; what it throws reaches the readers that wait for those keys.</param>
    /// <param name="loopbackPort">A port of this machine that leads to the store. Null: the addresses say where it is.</param>
    /// <param name="limit">Holds back what comes. Null: as much as goes.</param>
    public GrantedObjectSource(Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyDictionary<string, Uri>>> demand, int? loopbackPort = null, BandwidthLimit? limit = null)
        : this(demand, RetryPolicy.Default, loopbackPort, limit)
    {
    }

    internal GrantedObjectSource(Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyDictionary<string, Uri>>> demand, RetryPolicy retry, int? loopbackPort = null, BandwidthLimit? limit = null)
    {
        ArgumentNullException.ThrowIfNull(demand);
        http = HttpChannel.Create(loopbackPort);
        grants = new GrantBook(demand);
        reader = new HttpObjectReader(http, retry, grants, limit);
        this.limit = limit;
    }

    /// <inheritdoc/>
    public Task PrepareAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return grants.PrepareAsync(keys, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="StoreException">Also <c>StoreNotReachableFromHost</c> when the store is a directory that this machine does not have.</exception>
    public async Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);
        Uri address = await grants.OfAsync(key, cancellationToken).ConfigureAwait(false);
        if (!address.IsFile)
            return await reader.ReadAllAsync(key, maximumLength, cancellationToken).ConfigureAwait(false);
        string path = FileAddress.PathOf(address);
        try
        {
            return await FileObject.ReadAllAsync(path, key, maximumLength, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, path, key);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="StoreException">Also <c>StoreNotReachableFromHost</c> when the store is a directory that this machine does not have.</exception>
    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        RangeAsync(key, offset, destination, arrived: null, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="StoreException">Also <c>StoreNotReachableFromHost</c> when the store is a directory that this machine does not have.</exception>
    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, ArrivedBytes arrived, CancellationToken cancellationToken) =>
        RangeAsync(key, offset, destination, arrived, cancellationToken);

    private async Task RangeAsync(string key, long offset, Memory<byte> destination, ArrivedBytes? arrived, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        Uri address = await grants.OfAsync(key, cancellationToken).ConfigureAwait(false);
        if (!address.IsFile)
        {
            await reader.ReadRangeAsync(key, offset, destination, arrived, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (limit is not null)
            await limit.SpendAsync(destination.Length, alive: null, cancellationToken).ConfigureAwait(false);
        string path = FileAddress.PathOf(address);
        try
        {
            await FileObject.ReadRangeAsync(path, key, offset, destination, arrived, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, path, key);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await grants.DisposeAsync().ConfigureAwait(false);
        http.Dispose();
    }

    private static StoreException Describe(Exception error, string path, string key)
    {
        string root = FileAddress.RootOf(path, key);
        return Directory.Exists(root)
            ? DirectoryFault.Describe(error, root, key)
            : new StoreException("StoreNotReachableFromHost", root, $"The store is the directory {root}, which {Environment.MachineName} does not have.", error);
    }
}
