using System.Collections.Concurrent;

namespace ImageFabric.Store.Objects;

/// <summary>
/// A store as it would be after writing to it: reads come from the real one, and what is written is only remembered. A pack or an index is remembered by its
/// length, everything else by its content.
/// </summary>
public sealed class UnwrittenObjectStore : IObjectStore
{
    private const string PackPrefix = "packs/";

    private readonly IObjectStore? inner;
    private readonly ConcurrentDictionary<string, Unwritten> written = new(StringComparer.Ordinal);

    /// <summary>Makes one over a store, which is disposed of with it.</summary>
    /// <param name="inner">The real one. Null: there is none yet, so nothing is in it.</param>
    /// <param name="location">Where it is, for people.</param>
    public UnwrittenObjectStore(IObjectStore? inner, string location)
    {
        this.inner = inner;
        Location = location;
    }

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public bool ConditionalWrites => inner?.ConditionalWrites ?? true;

    /// <inheritdoc/>
    public Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken)
    {
        if (!written.TryGetValue(key, out Unwritten? mine))
            return inner?.ReadAllAsync(key, maximumLength, cancellationToken) ?? throw Missing(key);
        byte[] content = mine.Content ?? throw Missing(key);
        return content.Length <= maximumLength ? Task.FromResult(content) : throw ObjectLength.TooLong(key, content.Length, maximumLength);
    }

    /// <inheritdoc/>
    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!written.TryGetValue(key, out Unwritten? mine))
            return inner?.ReadRangeAsync(key, offset, destination, cancellationToken) ?? throw Missing(key);
        byte[] content = mine.Content ?? throw Missing(key);
        if (offset + destination.Length > content.Length)
            throw ObjectLength.TooShort(key, offset + destination.Length);
        content.AsMemory((int)offset, destination.Length).CopyTo(destination);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        KeyValuePair<string, Unwritten>[] mine = [.. written.Where(one => one.Key.StartsWith(prefix, StringComparison.Ordinal))];
        foreach ((string key, Unwritten one) in mine)
            yield return one.Describe(key);
        if (inner is null)
            yield break;
        await foreach (StoredObject found in inner.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            if (!written.ContainsKey(found.Key))
                yield return found;
        }
    }

    /// <inheritdoc/>
    public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken) => written.TryGetValue(key, out Unwritten? mine)
        ? Task.FromResult<StoredObject?>(mine.Describe(key))
        : inner?.StatAsync(key, cancellationToken) ?? Task.FromResult<StoredObject?>(null);

    /// <inheritdoc/>
    public async Task<bool> PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (mode == PutMode.CreateOnly && await StatAsync(key, cancellationToken).ConfigureAwait(false) is not null)
            return false;
        written[key] = new Unwritten(content.Length, DateTimeOffset.UtcNow, key.StartsWith(PackPrefix, StringComparison.Ordinal) ? null : content.ToArray());
        return true;
    }

    /// <summary>Remembers the object's length alone: there may be more of it than is to be in memory.</summary>
    public Task PutSpooledAsync(string key, SpooledObject content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        cancellationToken.ThrowIfCancellationRequested();
        written[key] = new Unwritten(content.Length, DateTimeOffset.UtcNow, null);
        return Task.CompletedTask;
    }

    /// <summary>Forgets what was remembered; what the real store has stays.</summary>
    public Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        written.TryRemove(key, out _);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Always: what was not written cannot be read by others.</exception>
    public Uri Grant(string key, TimeSpan lifetime) => throw new InvalidOperationException("Nobody reads from a store that is only planned.");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static StoreException Missing(string key) => new("ObjectMissing", key, $"The store has no object {key}.");

    private sealed record Unwritten(long Length, DateTimeOffset Written, byte[]? Content)
    {
        public StoredObject Describe(string key) => new(key, Length, Written);
    }
}
