using System.Runtime.CompilerServices;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Weather;

/// <summary>
/// A store whose user is prompt where the store format relies on it: no time passes while a change is under way, nor, for a user that may be killed,
/// between the writing of an index and that of the manifest. Dispose it, and all holds are gone.
/// </summary>
internal sealed class PromptStore(IObjectStore store, WorldClock clock, bool promptPublisher) : IObjectStore
{
    private readonly Lock gate = new();
    private bool publishing;

    public string Location => store.Location;

    public bool ConditionalWrites => store.ConditionalWrites;

    public async Task<bool> PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken)
    {
        if (promptPublisher && key.StartsWith("indexes/", StringComparison.Ordinal))
            Publishing(true);
        bool done = await ChangeAsync(() => store.PutAsync(key, content, mode, cancellationToken));
        if (key.StartsWith("images/", StringComparison.Ordinal))
            Publishing(false);
        return done;
    }

    public async Task<bool> ReplaceAsync(string key, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        bool done = await ChangeAsync(() => store.ReplaceAsync(key, content, expected, cancellationToken));
        Publishing(false);
        return done;
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken) => ChangeAsync(async () =>
    {
        await store.DeleteAsync(key, cancellationToken);
        return true;
    });

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Who lists what there is has begun anew.
        if (prefix != "marks/")
            Publishing(false);
        await foreach (StoredObject one in store.ListAsync(prefix, cancellationToken))
            yield return one;
    }

    public IAsyncEnumerable<UnfinishedWrite> ListUnfinishedAsync(CancellationToken cancellationToken) => store.ListUnfinishedAsync(cancellationToken);

    public Task DiscardAsync(UnfinishedWrite unfinished, CancellationToken cancellationToken) => store.DiscardAsync(unfinished, cancellationToken);

    public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken) => store.StatAsync(key, cancellationToken);

    public Uri Grant(string key, TimeSpan lifetime) => store.Grant(key, lifetime);

    public Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken) => store.ReadAllAsync(key, maximumLength, cancellationToken);

    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken) => store.ReadRangeAsync(key, offset, destination, cancellationToken);

    public ValueTask DisposeAsync()
    {
        Publishing(false);
        return store.DisposeAsync();
    }

    private async Task<T> ChangeAsync<T>(Func<Task<T>> change)
    {
        clock.Hold();
        try
        {
            return await change();
        }
        finally
        {
            clock.Release();
        }
    }

    private void Publishing(bool now)
    {
        lock (gate)
        {
            if (publishing == now)
                return;
            publishing = now;
            if (now)
                clock.Hold();
            else
                clock.Release();
        }
    }
}
