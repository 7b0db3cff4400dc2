using System.Security.Cryptography;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Verify;

namespace ImageFabric.Store.Repair;

/// <summary>What became of a damaged object.</summary>
public enum RepairStatus
{
    /// <summary>The very object is there again.</summary>
    Restored,

    /// <summary>Its content is there again in new packs, which the images now name; it is marked for deletion.</summary>
    Rebuilt,

    /// <summary>Nobody had what was lost.</summary>
    Failed,
}

/// <summary>What became of a damaged object.</summary>
/// <param name="Damage">What was wrong.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Source">Who had it. Null: nobody.</param>
/// <param name="BytesWritten">Bytes written to the store for it. What was rebuilt together is counted with the first.</param>
public sealed record RepairOutcome(ObjectDamage Damage, RepairStatus Status, string? Source, long BytesWritten);

/// <summary>
/// Makes damaged and lost objects of a store good again: an index or pack is fetched as it was from another store; a pack that nobody has as it was is
/// written anew, from what is still good in it and chunks that other stores and hosts have, and the images that need it are led there.
/// </summary>
public sealed class StoreRepairer(IObjectStore store, IReadOnlyList<IRepairDonor> donors)
{
    /// <summary>Repairs.</summary>
    /// <param name="damaged">What is damaged, with the images that were found to need it.</param>
    /// <param name="cancellationToken">Stops it; what was done stays good.</param>
    /// <exception cref="StoreException"><c>CollectionUnsafe</c> when an image of the store cannot be read, so that nobody knows what it needs; and what the store gives.</exception>
    public async Task<IReadOnlyList<RepairOutcome>> RunAsync(IReadOnlyList<(ObjectDamage Damage, ImageId Image)> damaged, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(damaged);
        var outcomes = new List<RepairOutcome>();
        var lost = new List<ObjectDamage>();
        foreach ((ObjectDamage damage, ImageId image) in damaged.DistinctBy(static d => d.Damage.Key))
        {
            if (await RestoreAsync(damage, image, cancellationToken).ConfigureAwait(false) is { } restored)
                outcomes.Add(restored);
            else if (ObjectKeys.PackDigest(damage.Key) is not null)
                lost.Add(damage);
            else
                outcomes.Add(new RepairOutcome(damage, RepairStatus.Failed, null, 0));
        }

        outcomes.AddRange(await RebuildAsync(lost, cancellationToken).ConfigureAwait(false));
        return outcomes;
    }

    private async Task<RepairOutcome?> RestoreAsync(ObjectDamage damage, ImageId image, CancellationToken cancellationToken)
    {
        if (!ObjectKeys.IsData(damage.Key))
            return null;
        foreach (IRepairDonor donor in donors)
        {
            using SpooledObject? content = await donor.TryReadObjectAsync(damage.Key, image, cancellationToken).ConfigureAwait(false);
            if (content is null || !damage.Key.EndsWith(Convert.ToHexStringLower(content.Digest()), StringComparison.Ordinal))
                continue;
            await store.PutSpooledAsync(damage.Key, content, cancellationToken).ConfigureAwait(false);
            return new RepairOutcome(damage, RepairStatus.Restored, donor.Name, content.Length);
        }

        return null;
    }

    private async Task<IEnumerable<RepairOutcome>> RebuildAsync(List<ObjectDamage> lost, CancellationToken cancellationToken)
    {
        if (lost.Count == 0)
            return [];
        Reachability reached = await Reachability.ReadAsync(store, null, cancellationToken).ConfigureAwait(false);
        var frames = new RepairFrames(new PackSalvage(store), donors);
        var report = new CollectReport();
        HashSet<string> left;
        using (var repacker = new PackRepacker(store, new HashSet<string>(lost.Select(static d => d.Key), StringComparer.Ordinal), reached, report, frames.ReadAsync))
            left = [.. await repacker.RunAsync(cancellationToken).ConfigureAwait(false)];
        var outcomes = new List<RepairOutcome>();
        long written = report.BytesWritten;
        string? source = frames.Givers.Count > 0 ? string.Join(", ", frames.Givers) : store.Location;
        var inspector = new PackInspector(store);
        foreach (ObjectDamage damage in lost)
        {
            // The same frames, written anew, may come out as the very pack that was lost: then it is needed, and not to go.
            if ((await inspector.InspectAsync(damage.Key, cancellationToken).ConfigureAwait(false)).Damage is null)
            {
                outcomes.Add(new RepairOutcome(damage, RepairStatus.Rebuilt, source, written));
                written = 0;
                continue;
            }

            if (!left.Contains(damage.Key))
            {
                outcomes.Add(new RepairOutcome(damage, RepairStatus.Failed, null, 0));
                continue;
            }

            // Nobody is to build on it; the next collection deletes it.
            var mark = new ObjectMark { State = ObjectMark.Condemned, GraceSeconds = (long)CollectionTimes.DefaultGrace.TotalSeconds };
            await store.PutAsync(ObjectKeys.Mark(damage.Key), mark.Serialize(), PutMode.Replace, cancellationToken).ConfigureAwait(false);
            outcomes.Add(new RepairOutcome(damage, RepairStatus.Rebuilt, source, written));
            written = 0;
        }

        return outcomes;
    }
}
