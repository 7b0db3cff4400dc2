using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Collect;

/// <summary>A real service's store whose clock can be moved on: what was written before the move is that much older than the service says.</summary>
internal sealed class AgeingStore(IObjectStore store, JumpingTime time, ConcurrentDictionary<string, TimeSpan> written) : IObjectStore
{
    public string Location => store.Location;

    public bool ConditionalWrites => store.ConditionalWrites;

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (StoredObject one in store.ListAsync(prefix, cancellationToken))
            yield return Shifted(one);
    }

    public async Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken) =>
        await store.StatAsync(key, cancellationToken) is { } found ? Shifted(found) : null;

    public async Task<bool> PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken)
    {
        bool done = await store.PutAsync(key, content, mode, cancellationToken);
        if (done)
            written[key] = time.Ahead;
        return done;
    }

    public async Task<bool> ReplaceAsync(string key, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        bool done = await store.ReplaceAsync(key, content, expected, cancellationToken);
        if (done)
            written[key] = time.Ahead;
        return done;
    }

    public async Task PutHashedAsync(string key, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> sha256, CancellationToken cancellationToken)
    {
        await store.PutHashedAsync(key, content, sha256, cancellationToken);
        written[key] = time.Ahead;
    }

    public async IAsyncEnumerable<UnfinishedWrite> ListUnfinishedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (UnfinishedWrite one in store.ListUnfinishedAsync(cancellationToken))
            yield return one with { Begun = one.Begun + written.GetValueOrDefault(one.Key) };
    }

    public Task DiscardAsync(UnfinishedWrite unfinished, CancellationToken cancellationToken) => store.DiscardAsync(unfinished, cancellationToken);

    public Task DeleteAsync(string key, CancellationToken cancellationToken) => store.DeleteAsync(key, cancellationToken);

    public Uri Grant(string key, TimeSpan lifetime) => store.Grant(key, lifetime);

    public Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken) => store.ReadAllAsync(key, maximumLength, cancellationToken);

    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken) => store.ReadRangeAsync(key, offset, destination, cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private StoredObject Shifted(StoredObject one) => one with { LastModified = one.LastModified + written.GetValueOrDefault(one.Key) };
}
