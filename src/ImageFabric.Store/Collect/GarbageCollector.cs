using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Collect;

/// <summary>
/// Deletes what no image of a store leads to: marked in one run, deleted in one that comes a grace period later. Publishers, pulls and other
/// collectors may be at work, on machines whose clocks differ. Why nothing that is needed can go: store format, "Collecting".
/// </summary>
public sealed class GarbageCollector
{
    private const int ParallelChanges = 16;

    private readonly IObjectStore store;
    private readonly CollectOptions options;
    private readonly CollectReport report = new();
    private readonly RunTime time;
    private readonly Lock gate = new();
    private DateTimeOffset begun;

    private GarbageCollector(IObjectStore store, CollectOptions options)
    {
        this.store = store;
        this.options = options;
        time = new RunTime(options.Time);
    }

    /// <summary>Cleans a store.</summary>
    /// <exception cref="StoreException"><c>CollectionUnsafe</c>, and what the store gives.</exception>
    public static Task<CollectReport> RunAsync(IObjectStore store, CollectOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Grace < CollectionTimes.ShortestGrace || options.Grace > CollectionTimes.LongestGrace)
            throw new ArgumentOutOfRangeException(nameof(options), $"The grace period is {CollectionTimes.ShortestGrace} to {CollectionTimes.LongestGrace}.");
        return new GarbageCollector(store, options).RunAsync(cancellationToken);
    }

    private async Task<CollectReport> RunAsync(CancellationToken cancellationToken)
    {
        // In this order: the time, the marks, what is there, and what images lead to.
        begun = options.DryRun ? options.Time.GetUtcNow() : await StoreClock.ReadAsync(store, cancellationToken).ConfigureAwait(false);
        ObjectMarks marks = await ObjectMarks.ListAsync(store, cancellationToken).ConfigureAwait(false);
        Dictionary<string, StoredObject> data = await ListDataAsync(cancellationToken).ConfigureAwait(false);
        Reachability reached = await Reachability.ReadAsync(store, options.Progress, cancellationToken).ConfigureAwait(false);
        report.Images = reached.Images;
        await new ListedData(store, data, options.DryRun ? null : begun).RequireAsync(reached, cancellationToken).ConfigureAwait(false);
        foreach (StoreException damage in reached.Damages)
            report.AddDamage(damage);

        await RemoveLeftoversAsync(reached, cancellationToken).ConfigureAwait(false);
        await EachAsync(marks.ByKey, (mark, stop) => SettleAsync(mark.Key, mark.Value, data, reached, stop), cancellationToken).ConfigureAwait(false);
        await EachAsync(data.Values.Where(o => !marks.Contains(o.Key)), (one, stop) => JudgeAsync(one, reached, stop), cancellationToken).ConfigureAwait(false);
        await RepackAsync(data, marks, reached, cancellationToken).ConfigureAwait(false);
        return report;
    }

    private async Task<Dictionary<string, StoredObject>> ListDataAsync(CancellationToken cancellationToken)
    {
        var data = new Dictionary<string, StoredObject>(StringComparer.Ordinal);
        foreach (string prefix in new[] { ObjectKeys.PackPrefix, ObjectKeys.IndexPrefix })
        {
            await foreach (StoredObject one in store.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
            {
                // What is not ours by its name is not ours to delete.
                if (ObjectKeys.IsData(one.Key) && data.TryAdd(one.Key, one))
                    report.Stored = report.Stored.Plus(one.Length);
            }
        }

        return data;
    }

    private async Task RemoveLeftoversAsync(Reachability reached, CancellationToken cancellationToken)
    {
        var unneeded = new List<StoredObject>();
        await foreach (StoredObject one in store.ListAsync(ObjectKeys.TemporaryPrefix, cancellationToken).ConfigureAwait(false))
        {
            // What is not ours by its name is not ours to delete, wherever it lies.
            if (ObjectKeys.IsTemporary(one.Key) && IsOver(one.LastModified, options.Grace))
                unneeded.Add(one);
        }

        // Nobody needs a delta: one whose image nobody can name any more goes without a mark.
        await foreach (StoredObject one in store.ListAsync(ObjectKeys.DeltaPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectKeys.ImagesOfDelta(one.Key) is { } images && !reached.HasImage(images.To) && IsOver(one.LastModified, options.Grace))
                unneeded.Add(one);
        }

        var unfinished = new List<UnfinishedWrite>();
        await foreach (UnfinishedWrite one in store.ListUnfinishedAsync(cancellationToken).ConfigureAwait(false))
        {
            // In a bucket without a prefix those of other programs are listed too.
            if (ObjectKeys.IsOurs(one.Key) && IsOver(one.Begun, options.Grace))
                unfinished.Add(one);
        }

        await EachAsync(unneeded, (one, stop) => Do(stop => store.DeleteAsync(one.Key, stop), () => report.Leftovers = report.Leftovers.Plus(one.Length), stop), cancellationToken).ConfigureAwait(false);
        await EachAsync(unfinished, (one, stop) => Do(stop => store.DiscardAsync(one, stop), () => report.Leftovers = report.Leftovers.Plus(one.Length), stop), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What is to become of a mark and its object.</summary>
    private async Task SettleAsync(string key, StoredObject listed, Dictionary<string, StoredObject> data, Reachability reached, CancellationToken cancellationToken)
    {
        data.TryGetValue(key, out StoredObject? there);
        long bytes = there?.Length ?? 0;
        bool needed = reached.Contains(key);
        if (needed)
            Count(() => report.Reachable = report.Reachable.Plus(bytes));

        // Its time and its words are asked for on their own: a listing could have been damaged on its way.
        if (await store.StatAsync(listed.Key, cancellationToken).ConfigureAwait(false) is not { } written ||
            await ObjectMarks.TryReadAsync(store, key, cancellationToken).ConfigureAwait(false) is not { } mark)
            return;
        DateTimeOffset marked = written.LastModified > listed.LastModified ? written.LastModified : listed.LastModified;
        if (mark.State == ObjectMark.Released)
        {
            if (IsOver(marked, mark.Grace) && MayAct(CollectionTimes.ShortestGrace))
                await Do(stop => store.DeleteAsync(listed.Key, stop), null, cancellationToken).ConfigureAwait(false);
        }
        else if (needed)
        {
            await Do(stop => ReleaseAsync(key, mark, stop), () => report.Spared = report.Spared.Plus(bytes), cancellationToken).ConfigureAwait(false);
        }
        else if (there is null)
        {
            await Do(stop => ReleaseAsync(key, mark, stop), null, cancellationToken).ConfigureAwait(false);
        }
        else if (IsOver(marked, mark.Grace) && MayAct(mark.Grace))
        {
            await Do(stop => DeleteAsync(key, mark, stop), () => report.Deleted = report.Deleted.Plus(bytes), cancellationToken).ConfigureAwait(false);
        }
        else
        {
            Count(() => Wait(After(marked, mark.Grace), () => report.Waiting = report.Waiting.Plus(bytes)));
        }
    }

    /// <summary>What is to become of a pack or an index without a mark.</summary>
    private async Task JudgeAsync(StoredObject one, Reachability reached, CancellationToken cancellationToken)
    {
        if (reached.Contains(one.Key))
            Count(() => report.Reachable = report.Reachable.Plus(one.Length));
        else if (!IsOver(one.LastModified, options.Grace))
            Count(() => report.Young = report.Young.Plus(one.Length));
        else
            await CondemnAsync(one, cancellationToken).ConfigureAwait(false);
    }

    private async Task CondemnAsync(StoredObject one, CancellationToken cancellationToken)
    {
        if (!MayAct(options.Grace))
            return;
        byte[] mark = new ObjectMark { State = ObjectMark.Condemned, GraceSeconds = (long)options.Grace.TotalSeconds }.Serialize();
        await Do(
            stop => store.PutAsync(ObjectKeys.Mark(one.Key), mark, PutMode.CreateOnly, stop),
            () => Wait(begun + options.Grace, () => report.Marked = report.Marked.Plus(one.Length)),
            cancellationToken).ConfigureAwait(false);
    }

    private Task<bool> ReleaseAsync(string key, ObjectMark mark, CancellationToken cancellationToken) =>
        store.PutAsync(ObjectKeys.Mark(key), (mark with { State = ObjectMark.Released }).Serialize(), PutMode.Replace, cancellationToken);

    // The mark stays, so that nobody uses the name while another collector may be about to delete it too.
    private async Task DeleteAsync(string key, ObjectMark mark, CancellationToken cancellationToken)
    {
        await ReleaseAsync(key, mark, cancellationToken).ConfigureAwait(false);
        await store.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
    }

    private async Task RepackAsync(Dictionary<string, StoredObject> data, ObjectMarks marks, Reachability reached, CancellationToken cancellationToken)
    {
        List<StoredObject> sparse = await FindSparseAsync(data, marks, reached, cancellationToken).ConfigureAwait(false);
        if (options.DryRun)
        {
            foreach (StoredObject pack in sparse)
            {
                report.Repacked = report.Repacked.Plus(pack.Length);
                report.BytesWritten += reached.PackBytes[pack.Key];
            }

            report.ImagesRewritten = reached.Indexes.Values.Where(i => i.Packs.Any(p => sparse.Exists(s => s.Key == p))).Sum(static i => i.Manifests.Count);
            return;
        }

        foreach (StoredObject[] batch in sparse.Chunk(PackRepacker.MostPacks))
        {
            if (!MayAct(options.Grace))
                return;
            foreach (string emptied in await RepackAsync([.. batch.Select(static p => p.Key)], reached, cancellationToken).ConfigureAwait(false))
            {
                if (data.TryGetValue(emptied, out StoredObject? one))
                    await CondemnAsync(one, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<List<StoredObject>> FindSparseAsync(Dictionary<string, StoredObject> data, ObjectMarks marks, Reachability reached, CancellationToken cancellationToken)
    {
        var sparse = new List<StoredObject>();
        foreach (StoredObject pack in data.Values)
        {
            if (!reached.PackBytes.TryGetValue(pack.Key, out long live) || marks.Contains(pack.Key) || live * 100 >= pack.Length * options.RepackBelowPercent)
                continue;

            // A pack's description of itself is not what is used of it, and for content that compresses well is most of a pack.
            if (await PackFooter.TryReadAsync(store, pack.Key, pack.Length, cancellationToken).ConfigureAwait(false) is { } footer &&
                live * 100 < footer.Frames.Sum(static f => (long)f.StoredLength) * options.RepackBelowPercent)
                sparse.Add(pack);
        }

        return sparse;
    }

    // A pack that is damaged stays as it is, so that it can be repaired, and keeps no other from being written anew.
    private async Task<IReadOnlyList<string>> RepackAsync(HashSet<string> packs, Reachability reached, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var repacker = new PackRepacker(store, packs, reached, report);
                return await repacker.RunAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException damage) when (damage.Id is "PackCorrupt" or "ObjectMissing" && packs.Remove(damage.Target))
            {
                report.AddDamage(damage);
            }
        }
    }

    // A service may say any time.
    private static DateTimeOffset After(DateTimeOffset from, TimeSpan grace) => from > DateTimeOffset.MaxValue - grace ? DateTimeOffset.MaxValue : from + grace;

    private bool IsOver(DateTimeOffset from, TimeSpan grace) => begun - from >= grace;

    /// <summary>Whether what was seen at the begin of the run is fresh enough to act on a mark of that grace period.</summary>
    private bool MayAct(TimeSpan grace)
    {
        if (time.IsWithin(grace / 2))
            return true;
        Count(() => report.Complete = false);
        return false;
    }

    private void Wait(DateTimeOffset due, Action count)
    {
        count();
        if (report.NextDue is not { } next || due < next)
            report.NextDue = due;
    }

    private async Task Do(Func<CancellationToken, Task> change, Action? count, CancellationToken cancellationToken)
    {
        if (!options.DryRun)
            await change(cancellationToken).ConfigureAwait(false);
        if (count is not null)
            Count(count);
    }

    private void Count(Action count)
    {
        lock (gate)
            count();
    }

    private static Task EachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        items,
        new ParallelOptions { MaxDegreeOfParallelism = ParallelChanges, CancellationToken = cancellationToken },
        async (item, stop) => await work(item, stop).ConfigureAwait(false));
}
