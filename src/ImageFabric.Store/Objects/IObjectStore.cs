namespace ImageFabric.Store.Objects;

/// <summary>A bucket and prefix, or a directory, with all that publishing needs.</summary>
public interface IObjectStore : IObjectSource
{
    /// <summary>The store's location for people: <c>s3://bucket/prefix</c> or a path.</summary>
    string Location { get; }

    /// <summary>True when <see cref="PutMode.CreateOnly"/> lets exactly one of several writers win.</summary>
    bool ConditionalWrites { get; }

    /// <summary>All objects whose keys begin with <paramref name="prefix"/>, in no particular order.</summary>
    IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>What an object is, or null when there is none.</summary>
    Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken);

    /// <summary>Writes an object whole or not at all; readers never see part of it.</summary>
    /// <returns>False when the mode is <see cref="PutMode.CreateOnly"/> and there is one already; it is left as it is.</returns>
    Task<bool> PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken);

    /// <summary>Writes an object that may be longer than is to be in memory, in place of one that is there.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>, and what the store gives.</exception>
    async Task PutSpooledAsync(string key, SpooledObject content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        byte[] whole = new byte[content.Length];
        content.Read(whole, 0);
        await PutAsync(key, whole, PutMode.Replace, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts other content in the place of what was expected there, and does nothing when there is something else or nothing.
    /// Where the service cannot compare and write at once, it is looked at first and written then.</summary>
    /// <returns>False when nothing was written.</returns>
    async Task<bool> ReplaceAsync(string key, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        if (!await this.HoldsAsync(key, expected, cancellationToken).ConfigureAwait(false))
            return false;
        return await PutAsync(key, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What writers that broke off have left: parts of uploads, temporary files. No object of any key.</summary>
    IAsyncEnumerable<UnfinishedWrite> ListUnfinishedAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<UnfinishedWrite>();

    /// <summary>Removes what a writer has left; what is not there any more is no error.</summary>
    Task DiscardAsync(UnfinishedWrite unfinished, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Writes an object whose SHA-256 is known, in place of one that is there. A store that signs what it sends need not compute it again, and refuses content of another.</summary>
    Task PutHashedAsync(string key, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> sha256, CancellationToken cancellationToken) =>
        PutAsync(key, content, PutMode.Replace, cancellationToken);

    /// <summary>How often the store refused for a while or did not answer, since it was opened. What came of it was tried again.</summary>
    long PassingFaults => 0;

    /// <summary>Removes an object; one that is not there is no error.</summary>
    Task DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>An address from which anyone can read the object, and only that object, until <paramref name="lifetime"/> is over.</summary>
    Uri Grant(string key, TimeSpan lifetime);
}

/// <summary>What a listing says of an object.</summary>
/// <param name="Key">Its key, relative to the store's prefix.</param>
/// <param name="Length">Its size in bytes.</param>
/// <param name="LastModified">When the store says it was written.</param>
/// <param name="Tag">What the store says of its content, and changes with it: an S3 service's ETag. It is no digest. Null: the store says nothing.</param>
public sealed record StoredObject(string Key, long Length, DateTimeOffset LastModified, string? Tag = null)
{
    /// <summary>When the store says it was written; never so late that a period cannot be added to it.</summary>
    public DateTimeOffset LastModified { get; init; } = Format.FormatLimits.Bounded(LastModified);
}

/// <summary>What a writer that broke off has left in a store.</summary>
/// <param name="Key">The object it would have become, or the file it is, relative to the store's prefix.</param>
/// <param name="Id">The store's own name for it.</param>
/// <param name="Begun">When the store says it was begun, or last written.</param>
/// <param name="Length">Its bytes; 0 where the store does not say.</param>
public sealed record UnfinishedWrite(string Key, string Id, DateTimeOffset Begun, long Length)
{
    /// <summary>When the store says it was begun; never so late that a period cannot be added to it.</summary>
    public DateTimeOffset Begun { get; init; } = Format.FormatLimits.Bounded(Begun);
}

/// <summary>What a write does with an object that is there already.</summary>
public enum PutMode
{
    /// <summary>Takes its place.</summary>
    Replace,

    /// <summary>Leaves it and reports so.</summary>
    CreateOnly,
}
