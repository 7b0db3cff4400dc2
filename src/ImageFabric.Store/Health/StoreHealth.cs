using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Health;

/// <summary>Finds out by trying what a store honours. Works on objects of its own under <c>tmp/</c> and leaves none.</summary>
public static class StoreHealth
{
    internal const string Creation = "ConditionalCreate";
    private const string Listing = "ListAfterWrite";
    private const string Replacing = "ReadAfterReplace";
    private const string Clock = "ClockSkew";

    // Services refuse signatures when clocks differ by 15 minutes; well before that something is wrong.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ClockLimit = TimeSpan.FromMinutes(15);

    /// <summary>Looks at a store.</summary>
    /// <param name="store">The store; how it is written to afterwards follows from what is found, as long as it is open.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException">What the store gives when it cannot be used at all.</exception>
    public static async Task<IReadOnlyList<StoreCheck>> ExamineAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        string key = ObjectKeys.NewTemporary("health-");
        try
        {
            var checks = new List<StoreCheck> { await CreationAsync(store, cancellationToken).ConfigureAwait(false) };
            await store.PutAsync(key, new byte[1], PutMode.Replace, cancellationToken).ConfigureAwait(false);
            byte[] content = new byte[100_000];
            Random.Shared.NextBytes(content);
            await store.PutAsync(key, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
            checks.Add(await ReplacingAsync(store, key, content, cancellationToken).ConfigureAwait(false));
            checks.Add(await ListingAsync(store, key, cancellationToken).ConfigureAwait(false));
            checks.Add(await ClockAsync(store, key, cancellationToken).ConfigureAwait(false));
            checks.AddRange(store is S3ObjectStore s3
                ? await new S3Health(s3, key, content).ExamineAsync(cancellationToken).ConfigureAwait(false)
                : await DirectoryAsync(store, key, content, cancellationToken).ConfigureAwait(false));
            return checks;
        }
        finally
        {
            await store.DeleteAsync(key, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task<StoreCheck> CreationAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        if (await ObjectStores.ProbeConditionalWritesAsync(store, cancellationToken).ConfigureAwait(false))
            return StoreCheck.Passed(Creation, "Of several writers that create an object at the same time exactly one wins.");
        return store is S3ObjectStore
            ? StoreCheck.Weak(
                Creation,
                "The service does not honour If-None-Match on PUT.",
                $"Publishers put a claim beside the manifest and wait {ClaimTimes.Default.Settle.TotalSeconds:0} s for it to settle, so that exactly one wins; that holds as long as the service performs a write within that time after it was sent.")
            : StoreCheck.Failed(
                Creation,
                "The file system has neither hard links nor a rename that does not replace.",
                "Of two publishers of one version at the same moment the second may overwrite the first unseen: publish each version from one machine only.");
    }

    private static async Task<StoreCheck> ReplacingAsync(IObjectStore store, string key, byte[] content, CancellationToken cancellationToken)
    {
        byte[] read = await store.ReadAllAsync(key, content.Length, cancellationToken).ConfigureAwait(false);
        return read.AsSpan().SequenceEqual(content)
            ? StoreCheck.Passed(Replacing, "An object that was replaced is read as it is now.")
            : StoreCheck.Weak(Replacing, "An object that was replaced is still read as it was.", "A removed or repaired version may be seen in its old form for a while.");
    }

    private static async Task<StoreCheck> ListingAsync(IObjectStore store, string key, CancellationToken cancellationToken)
    {
        await foreach (StoredObject found in store.ListAsync(key, cancellationToken).ConfigureAwait(false))
        {
            if (found.Key == key)
                return StoreCheck.Passed(Listing, "A listing has an object as soon as it is written.");
        }

        return StoreCheck.Weak(Listing, "A listing has an object some time after it is written only.", "A version is listed, and its packs are found by other publishers, some time after it is published.");
    }

    private static async Task<StoreCheck> ClockAsync(IObjectStore store, string key, CancellationToken cancellationToken)
    {
        DateTimeOffset before = DateTimeOffset.UtcNow;
        DateTimeOffset? there = store is S3ObjectStore s3
            ? await s3.ClockAsync(key, cancellationToken).ConfigureAwait(false)
            : (await store.StatAsync(key, cancellationToken).ConfigureAwait(false))?.LastModified;
        if (there is not { } time)
            return StoreCheck.Weak(Clock, "The service does not say what time it has.", "The end of presigned addresses cannot be foretold.");
        TimeSpan skew = time - before;
        string message = $"The store's clock is {Math.Abs(skew.TotalSeconds):0} s {(skew < TimeSpan.Zero ? "behind" : "ahead of")} this machine's.";
        if (skew.Duration() <= ClockTolerance)
            return StoreCheck.Passed(Clock, message);
        return skew.Duration() < ClockLimit
            ? StoreCheck.Weak(Clock, message, "Presigned addresses end that much sooner or later than asked for; at 15 minutes services refuse every request. Correct the clock.")
            : StoreCheck.Failed(Clock, message, "Services refuse signatures when clocks differ by 15 minutes. Correct the clock.");
    }

    private static async Task<IEnumerable<StoreCheck>> DirectoryAsync(IObjectStore store, string key, byte[] content, CancellationToken cancellationToken)
    {
        byte[] part = new byte[100];
        await store.ReadRangeAsync(key, 50_000, part, cancellationToken).ConfigureAwait(false);
        return
        [
            part.AsSpan().SequenceEqual(content.AsSpan(50_000, part.Length))
                ? StoreCheck.Passed("Ranges", "Parts of files are read.")
                : StoreCheck.Failed("Ranges", "A part of a file is read as something else than was written.", "The directory cannot be used as a store."),
            StoreCheck.Passed("ListByPages", "A directory is listed as a whole."),
            StoreCheck.Passed("ConditionalReplace", "A file that was removed does not come back by being replaced."),
            StoreCheck.Weak("PresignedUrls", "A directory has no addresses that end.", "Hosts read the files themselves: the directory must be mounted at the same path on each, and its permissions decide who can read it."),
            StoreCheck.Weak("UploadChecksums", "A file system does not compare what arrived with what was sent.", "Every chunk is checked by its SHA-256 when it is read; Test-VmImageStore -Deep finds what was damaged before."),
        ];
    }
}
