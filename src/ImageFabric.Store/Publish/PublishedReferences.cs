using ImageFabric.Store.Collect;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Publish;

/// <summary>
/// What a manifest is about to name. The manifest may be written when all of it is there and stays: looked at just before and just after.
/// Store format, "Collecting".
/// </summary>
internal sealed class PublishedReferences(IObjectStore store, string indexKey, IEnumerable<string> packKeys)
{
    private const int ParallelLooks = 16;

    private DateTimeOffset manifestDue;

    /// <summary>Just before: whether the index, which was written just now, and all packs it names are there and stay.</summary>
    public async Task<bool> HoldAsync(CancellationToken cancellationToken)
    {
        if (await store.StatAsync(indexKey, cancellationToken).ConfigureAwait(false) is not { } written)
            return false;
        manifestDue = written.LastModified + CollectionTimes.PublishWindow;
        return await StayAsync(manifestDue, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Just after: whether that still meant something when the manifest was written. If it was written too late, by the store's clock, the look is taken again.</summary>
    public async Task<bool> HeldAsync(string manifestKey, CancellationToken cancellationToken) =>
        // One that was removed since needs nothing.
        await store.StatAsync(manifestKey, cancellationToken).ConfigureAwait(false) is not { } manifest ||
        manifest.LastModified <= manifestDue ||
        await StayAsync(manifest.LastModified, cancellationToken).ConfigureAwait(false);

    // Whether all of it is there and not marked, or marked so lately that a manifest of that time is seen before it goes.
    private async Task<bool> StayAsync(DateTimeOffset manifestWritten, CancellationToken cancellationToken)
    {
        string[] keys = [indexKey, .. packKeys];

        // The marks come first: an object is deleted before its mark goes, so what has no mark here and is there afterwards stays.
        ObjectMarks marks = await ObjectMarks.ListAsync(store, cancellationToken).ConfigureAwait(false);
        foreach (string key in keys.Where(marks.Contains))
        {
            if (await ObjectMarks.TryReadAsync(store, key, cancellationToken).ConfigureAwait(false) is not { State: ObjectMark.Condemned } mark ||
                manifestWritten > marks.ByKey[key].LastModified + (mark.Grace / 2))
                return false;
        }

        int missing = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelLooks, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(keys, options, async (key, stop) =>
        {
            if (Volatile.Read(ref missing) == 0 && await store.StatAsync(key, stop).ConfigureAwait(false) is null)
                Interlocked.Increment(ref missing);
        }).ConfigureAwait(false);
        return missing == 0;
    }
}
