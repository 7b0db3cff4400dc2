using ImageFabric.Disks;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Pull;
using ImageFabric.Store.Tests.Objects;
using ImageFabric.Store.Tests.Publish;

namespace ImageFabric.Store.Tests.Collect;

/// <summary>What cleaning a store does and leaves alone, whichever back end it is. The store's own clock can be moved on.</summary>
public abstract class CollectorContract : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Grace = TimeSpan.FromHours(2);
    private static readonly CollectOptions Options = new() { Grace = Grace };

    protected string Scratch { get; } = Directory.CreateTempSubdirectory("imagefabric-collect-").FullName;

    protected abstract Task<IObjectStore> OpenAsync();

    /// <summary>Lets time pass, as the store sees it.</summary>
    protected abstract void Pass(TimeSpan time);

    /// <summary>Leaves behind what a writer that was killed leaves.</summary>
    protected abstract void LeaveUnfinished(string name);

    public virtual void Dispose()
    {
        Directory.Delete(Scratch, recursive: true);
        GC.SuppressFinalize(this);
    }

    [EnvironmentFact]
    public async Task What_nothing_leads_to_is_marked_then_deleted_and_nothing_else_is()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] kept = MemoryDisk.Sample(1);
        await PublishAsync(store, kept, "kept", "1");
        string[] needed = await KeysAsync(store);
        await PublishAsync(store, MemoryDisk.Sample(2), "gone", "1");
        string[] garbage = [.. (await KeysAsync(store)).Except(needed).Where(ObjectKeys.IsData)];
        await new ImageCatalog(store).RemoveAsync(new ImageReference("gone", "1"), None);

        CollectReport young = await CollectAsync(store);
        Assert.Equal((garbage.Length, 0, 0), (young.Young.Count, young.Marked.Count, young.Deleted.Count));
        Pass(Grace);
        CollectReport marking = await CollectAsync(store);
        Assert.Equal((0, garbage.Length, 0), (marking.Young.Count, marking.Marked.Count, marking.Deleted.Count));
        Assert.Superset(garbage.ToHashSet(), (await KeysAsync(store)).ToHashSet());
        Pass(Grace - TimeSpan.FromMinutes(1));
        CollectReport waiting = await CollectAsync(store);
        Assert.Equal((garbage.Length, 0, 0), (waiting.Waiting.Count, waiting.Marked.Count, waiting.Deleted.Count));
        Pass(TimeSpan.FromMinutes(2));
        CollectReport deleting = await CollectAsync(store);
        Assert.Equal(marking.Marked, deleting.Deleted);
        Assert.Equal(garbage.Length, deleting.Deleted.Count);
        Assert.Empty((await KeysAsync(store)).Intersect(garbage));
        Pass(Grace);
        await CollectAsync(store);
        Assert.Equal(needed, await KeysAsync(store));
        await HoldsAsync(store, "kept:1", kept);
    }

    [EnvironmentFact]
    public async Task What_an_image_leads_to_after_all_is_spared_and_its_mark_goes()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(3);
        await PublishAsync(store, content, "a", "1");
        string[] before = await KeysAsync(store);
        string manifest = ObjectKeys.Manifest("a", "1");
        byte[] json = await store.ReadAllAsync(manifest, 100_000, None);
        await store.DeleteAsync(manifest, None);
        Pass(Grace);
        Assert.Equal(2, (await CollectAsync(store)).Marked.Count);

        // As by a publisher that had looked before the mark was there.
        await store.PutAsync(manifest, json, PutMode.CreateOnly, None);
        Pass(Grace);
        CollectReport sparing = await CollectAsync(store);
        Assert.Equal((0, 2), (sparing.Deleted.Count, sparing.Spared.Count));
        Pass(Grace);
        await CollectAsync(store);
        Assert.Equal(before, await KeysAsync(store));
        await HoldsAsync(store, "a:1", content);
    }

    [EnvironmentFact]
    public async Task An_image_that_is_published_again_while_its_old_data_goes_does_not_go_with_it()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(4);
        await PublishAsync(store, content, "a", "1");
        await new ImageCatalog(store).RemoveAsync(new ImageReference("a", "1"), None);
        Pass(Grace);
        await CollectAsync(store);
        string[] marked = [.. (await KeysAsync(store)).Select(ObjectKeys.MarkedBy).OfType<string>()];
        Pass(Grace);
        await PublishAsync(store, content, "a", "1");
        Assert.Equal(2, (await CollectAsync(store)).Deleted.Count);

        // The name of what was deleted is not used again while another collector could be about to delete it.
        await PublishAsync(store, content, "a", "2");
        foreach (string key in marked)
            await store.DeleteAsync(key, None);
        await HoldsAsync(store, "a:1", content);
        await HoldsAsync(store, "a:2", content);
    }

    [EnvironmentFact]
    public async Task Packs_that_are_less_than_half_in_use_are_written_anew()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] large = MemoryDisk.Sample(5);
        byte[] part = new byte[large.Length];
        large.AsSpan(0, 1_500_000).CopyTo(part);
        await PublishAsync(store, large, "a", "1");
        await PublishAsync(store, part, "a", "2");
        await PublishAsync(store, part, "b", "1");
        Manifest before = await new ImageCatalog(store).ResolveAsync(new ImageReference("a", "2"), None);
        await new ImageCatalog(store).RemoveAsync(new ImageReference("a", "1"), None);
        long full = await BytesAsync(store);

        CollectReport would = await GarbageCollector.RunAsync(store, Options with { DryRun = true }, None);
        CollectReport report = await CollectAsync(store);
        Assert.Equal((1, 2), (report.Repacked.Count, report.ImagesRewritten));
        Assert.Equal((1, 2), (would.Repacked.Count, would.ImagesRewritten));
        foreach (string image in new[] { "a:2", "b:1" })
            await HoldsAsync(store, image, part);
        Manifest after = await new ImageCatalog(store).ResolveAsync(new ImageReference("a", "2"), None);
        Assert.Equal(before with { Index = after.Index, IndexSize = after.IndexSize, StoredSize = after.StoredSize }, after);
        Assert.NotEqual(before.Index, after.Index);

        await SettleAsync(store);
        Assert.InRange(await BytesAsync(store), 1, full / 2);
        Assert.Equal(0, (await CollectAsync(store)).Repacked.Count);
        foreach (string image in new[] { "a:2", "b:1" })
            await HoldsAsync(store, image, part);
    }

    [EnvironmentFact]
    public async Task A_version_that_is_removed_while_its_packs_are_written_anew_stays_removed()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] large = MemoryDisk.Sample(6);
        byte[] part = new byte[large.Length];
        large.AsSpan(0, 1_500_000).CopyTo(part);
        await PublishAsync(store, large, "a", "1");
        await PublishAsync(store, part, "a", "2");
        await PublishAsync(store, part, "a", "3");
        await new ImageCatalog(store).RemoveAsync(new ImageReference("a", "1"), None);
        var hooked = new HookedStore(store)
        {
            BeforeReplace = async key =>
            {
                if (key == ObjectKeys.Manifest("a", "2"))
                    await store.DeleteAsync(key, None);
            },
        };
        CollectReport report = await GarbageCollector.RunAsync(hooked, Options, None);
        Assert.Equal(1, report.ImagesRewritten);
        Assert.Null(await store.StatAsync(ObjectKeys.Manifest("a", "2"), None));
        await SettleAsync(store);
        await HoldsAsync(store, "a:3", part);
    }

    [EnvironmentFact]
    public async Task An_image_that_cannot_be_read_keeps_everything()
    {
        await using IObjectStore store = await OpenAsync();
        PublishOutcome damaged = await PublishAsync(store, MemoryDisk.Sample(7), "damaged", "1");
        await PublishAsync(store, MemoryDisk.Sample(8), "gone", "1");
        await new ImageCatalog(store).RemoveAsync(new ImageReference("gone", "1"), None);
        byte[] index = await store.ReadAllAsync(damaged.Manifest.Index, 1 << 20, None);
        Pass(2 * Grace);
        foreach (Func<Task> damage in new Func<Task>[]
        {
            () => store.PutAsync(damaged.Manifest.Index, index.AsMemory(1), PutMode.Replace, None),
            () => store.DeleteAsync(damaged.Manifest.Index, None),
            () => store.PutAsync(ObjectKeys.Manifest("damaged", "1"), "{}"u8.ToArray(), PutMode.Replace, None),
        })
        {
            await damage();
            string[] before = await KeysAsync(store);
            StoreException refused = await Assert.ThrowsAsync<StoreException>(() => CollectAsync(store));
            Assert.Equal(("CollectionUnsafe", "damaged:1"), (refused.Id, refused.Target));
            Assert.Equal(before, await KeysAsync(store));
        }
    }

    [EnvironmentFact]
    public async Task A_dry_run_changes_nothing_and_says_what_a_run_does()
    {
        await using IObjectStore store = await OpenAsync();
        await PublishAsync(store, MemoryDisk.Sample(9), "kept", "1");
        await PublishAsync(store, MemoryDisk.Sample(10), "gone", "1");
        await new ImageCatalog(store).RemoveAsync(new ImageReference("gone", "1"), None);
        LeaveUnfinished("broken");
        for (int run = 0; run < 4; run++)
        {
            Pass(Grace + TimeSpan.FromMinutes(1));
            string[] before = await KeysAsync(store);
            CollectReport would = await GarbageCollector.RunAsync(store, Options with { DryRun = true, Time = StoreTime }, None);
            Assert.Equal(before, await KeysAsync(store));
            CollectReport did = await CollectAsync(store);
            Assert.Equal((would.Marked, would.Deleted, would.Waiting, would.Young, would.Leftovers), (did.Marked, did.Deleted, did.Waiting, did.Young, did.Leftovers));
            Assert.Equal(run == 0 ? 1 : 0, did.Leftovers.Count);
            Assert.Equal(run == 1 ? 2 : 0, did.Deleted.Count);
        }
    }

    [EnvironmentFact]
    public async Task What_broken_writers_left_goes_once_it_is_old()
    {
        await using IObjectStore store = await OpenAsync();
        await PublishAsync(store, MemoryDisk.Sample(11, 100_000), "a", "1");
        string[] before = await KeysAsync(store);
        LeaveUnfinished("old");
        await store.PutAsync(ObjectKeys.NewTemporary("probe-"), new byte[10], PutMode.Replace, None);
        Assert.Equal(0, (await CollectAsync(store)).Leftovers.Count);
        Pass(Grace);
        LeaveUnfinished("young");
        Assert.Equal(2, (await CollectAsync(store)).Leftovers.Count);
        Assert.Equal(before, await KeysAsync(store));
        var left = new List<UnfinishedWrite>();
        await foreach (UnfinishedWrite one in store.ListUnfinishedAsync(None))
            left.Add(one);
        Assert.Contains(Id("young"), Assert.Single(left).Key, StringComparison.Ordinal);
    }

    [EnvironmentFact]
    public async Task What_others_keep_in_the_store_is_theirs_however_old_it_is()
    {
        await using IObjectStore store = await OpenAsync();
        await PublishAsync(store, MemoryDisk.Sample(13, 100_000), "a", "1");
        string id = Id("x");
        string[] foreign = ["tmp/report.pdf", $"tmp/probe-{id}.txt", $"tmp/mine/probe-{id}", "tmp/probe-1", "packs/README", "deltas/notes", "marks/x", $"catalog/1-{new string('Z', 64)}"];
        foreach (string key in foreign)
            await store.PutAsync(key, new byte[10], PutMode.Replace, None);
        Pass(TimeSpan.FromDays(400));
        CollectReport report = await CollectAsync(store);
        Assert.Equal((0, 0, 0), (report.Leftovers.Count, report.Marked.Count, report.Deleted.Count));
        Assert.Superset(foreign.ToHashSet(), (await KeysAsync(store)).ToHashSet());
    }

    [EnvironmentFact]
    public async Task A_listing_without_a_pack_that_an_image_needs_deletes_nothing()
    {
        await using IObjectStore store = await OpenAsync();
        await PublishAsync(store, MemoryDisk.Sample(14), "kept", "1");
        await PublishAsync(store, MemoryDisk.Sample(15), "gone", "1");
        await new ImageCatalog(store).RemoveAsync(new ImageReference("gone", "1"), None);
        Pass(Grace);
        await CollectAsync(store);
        Pass(Grace);
        string[] before = await KeysAsync(store);
        string left = (await ImageCatalog.ReadIndexAsync(store, await new ImageCatalog(store).ResolveAsync(new ImageReference("kept", "1"), None), None)).PackKey(0);

        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => CollectAsync(new HookedStore(store) { Hides = key => key == left }));

        Assert.Equal("CollectionUnsafe", refused.Id);
        Assert.Contains("kept:1", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, (await KeysAsync(store)).Where(static k => !ObjectKeys.IsTemporary(k)));
        Assert.Equal(2, (await CollectAsync(store)).Deleted.Count);
    }

    [EnvironmentFact]
    public async Task A_mark_that_is_longer_than_any_keeps_nothing_from_being_collected()
    {
        await using IObjectStore store = await OpenAsync();
        await PublishAsync(store, MemoryDisk.Sample(16), "gone", "1");
        string pack = (await KeysAsync(store)).First(ObjectKeys.IsData);
        await store.PutAsync(ObjectKeys.Mark(pack), new byte[5000], PutMode.Replace, None);
        await new ImageCatalog(store).RemoveAsync(new ImageReference("gone", "1"), None);
        Pass(Grace);
        CollectReport report = await CollectAsync(store);
        Assert.Equal((1, 0), (report.Marked.Count, report.Deleted.Count));
        Assert.Contains(pack, await KeysAsync(store));
    }

    [EnvironmentFact]
    public async Task A_run_that_takes_too_long_does_not_act_on_what_it_saw()
    {
        await using IObjectStore store = await OpenAsync();
        await PublishAsync(store, MemoryDisk.Sample(12), "gone", "1");
        await new ImageCatalog(store).RemoveAsync(new ImageReference("gone", "1"), None);
        Pass(Grace);
        await CollectAsync(store);
        Pass(Grace);
        string[] before = await KeysAsync(store);
        var slow = new JumpingTime();
        var hooked = new HookedStore(store)
        {
            BeforeList = prefix =>
            {
                if (prefix == ObjectKeys.ImagePrefix)
                    slow.Ahead = TimeSpan.FromMinutes(51);
                return Task.CompletedTask;
            },
        };
        CollectReport report = await GarbageCollector.RunAsync(hooked, Options with { Time = slow }, None);
        Assert.False(report.Complete);
        Assert.Equal(before, await KeysAsync(store));
    }

    /// <summary>A clock as fast and as far as the store's, for runs that may not ask the store.</summary>
    protected abstract TimeProvider StoreTime { get; }

    /// <summary>An id of the form that writers give, the same for the same name.</summary>
    protected static string Id(string name) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)))[..32];

    /// <summary>A key of the form that packs have.</summary>
    protected static string PackNamed(string name) => ObjectKeys.Pack(Convert.FromHexString(Id(name) + Id(name)));

    private static Task<CollectReport> CollectAsync(IObjectStore store) => GarbageCollector.RunAsync(store, Options, None);

    private async Task SettleAsync(IObjectStore store)
    {
        for (int run = 0; run < 4; run++)
        {
            Pass(Grace);
            await CollectAsync(store);
        }
    }

    private static Task<PublishOutcome> PublishAsync(IObjectStore store, byte[] content, string name, string version) =>
        ImagePublisher.RunAsync(store, new MemoryDisk(content), new PublishOptions(new ImageReference(name, version)), None);

    private async Task HoldsAsync(IObjectStore store, string image, byte[] content)
    {
        Assert.True(ImageReference.TryParse(image, out ImageReference? reference));
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, await new ImageCatalog(store).ResolveAsync(reference, None), None);
        string path = Path.Combine(Scratch, Guid.NewGuid().ToString("N"));
        await ImagePull.RunAsync(store, index, path, new PullOptions(), None);
        Assert.Equal(content, await File.ReadAllBytesAsync(path));
    }

    private static async Task<string[]> KeysAsync(IObjectStore store) => [.. (await ListAsync(store)).Select(static o => o.Key).Order(StringComparer.Ordinal)];

    private static async Task<long> BytesAsync(IObjectStore store) => (await ListAsync(store)).Sum(static o => o.Length);

    private static async Task<List<StoredObject>> ListAsync(IObjectStore store)
    {
        var all = new List<StoredObject>();
        await foreach (StoredObject one in store.ListAsync("", None))
            all.Add(one);
        return all;
    }
}
