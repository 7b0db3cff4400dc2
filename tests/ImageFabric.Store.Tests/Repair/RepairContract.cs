using ImageFabric.Disks;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Copy;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Repair;
using ImageFabric.Store.Tests.Objects;
using ImageFabric.Store.Tests.Publish;
using ImageFabric.Store.Verify;

namespace ImageFabric.Store.Tests.Repair;

/// <summary>Damage that is found, and made good from another store or from a disk that holds the image.</summary>
public abstract class RepairContract : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected string Scratch { get; } = Directory.CreateTempSubdirectory("imagefabric-repair-").FullName;

    public void Dispose()
    {
        Directory.Delete(Scratch, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected abstract Task<IObjectStore> OpenAsync();

    [EnvironmentFact]
    public async Task Every_kind_of_damage_is_found_and_named_and_what_is_whole_is_told_so()
    {
        await using IObjectStore store = await OpenAsync();
        Manifest one = await PublishAsync(store, MemoryDisk.Sample(1, 40_000_000), "1");
        Manifest two = await PublishAsync(store, MemoryDisk.Sample(2), "2");
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, one, None);
        Assert.True(index.PackCount >= 2);
        ImageVerification whole = await VerifyAsync(store, one);
        Assert.Empty(whole.Damaged);
        Assert.Equal((index.Chunks.Length, index.PackCount), (whole.ChunksVerified, whole.PacksVerified));

        // In the frames, in the footer that only other publishers read, cut off, and gone.
        byte[] pack = await store.ReadAllAsync(index.PackKey(0), 1 << 25, None);
        foreach (int at in new[] { 1000, pack.Length - 60 })
        {
            byte[] flipped = (byte[])pack.Clone();
            flipped[at] ^= 4;
            await store.PutAsync(index.PackKey(0), flipped, PutMode.Replace, None);
            Assert.Equal((index.PackKey(0), "PackCorrupt"), await OnlyDamageAsync(store, one));
        }

        await store.PutAsync(index.PackKey(0), pack.AsMemory(0, pack.Length - 1), PutMode.Replace, None);
        Assert.Equal((index.PackKey(0), "PackCorrupt"), await OnlyDamageAsync(store, one));
        await store.DeleteAsync(index.PackKey(0), None);
        Assert.Equal((index.PackKey(0), "ObjectMissing"), await OnlyDamageAsync(store, one));
        await store.PutAsync(index.PackKey(0), pack, PutMode.Replace, None);
        await store.PutAsync(one.Index, new byte[100], PutMode.Replace, None);
        Assert.Equal((one.Index, "IndexCorrupt"), await OnlyDamageAsync(store, one));
        Assert.Empty((await VerifyAsync(store, two)).Damaged);
    }

    [EnvironmentFact]
    public async Task Packs_that_no_image_names_are_checked_too_and_shared_ones_are_read_once()
    {
        await using IObjectStore store = await OpenAsync();
        Manifest one = await PublishAsync(store, MemoryDisk.Sample(3, 40_000_000), "1");
        Manifest same = await PublishAsync(store, MemoryDisk.Sample(3, 40_000_000), "2");
        var verifier = new StoreVerifier(store);
        long first = (await verifier.VerifyAsync(one, null, None)).BytesFetched;
        Assert.InRange((await verifier.VerifyAsync(same, null, None)).BytesFetched, 0, first / 10);
        Assert.Null(await verifier.VerifyUnnamedAsync(None));

        await store.DeleteAsync("images/disk/1.json", None);
        await store.DeleteAsync("images/disk/2.json", None);
        string left = (await ImageCatalog.ReadIndexAsync(store, one, None)).PackKey(0);
        byte[] pack = await store.ReadAllAsync(left, 1 << 25, None);
        pack[5000] ^= 1;
        await store.PutAsync(left, pack, PutMode.Replace, None);
        ImageVerification? unnamed = await new StoreVerifier(store).VerifyUnnamedAsync(None);
        Assert.Equal(left, Assert.Single(unnamed!.Damaged).Key);
    }

    [EnvironmentFact]
    public async Task What_another_store_has_is_fetched_as_it_was()
    {
        await using IObjectStore store = await OpenAsync();
        await using IObjectStore other = await TestStores.DirectoryAsync(Path.Combine(Scratch, "other"));
        Manifest image = await PublishAsync(store, MemoryDisk.Sample(4, 40_000_000), "1");
        await (await ImageCopier.OpenAsync(store, other, new CopyOptions(), None)).CopyAsync(new ImageReference("disk", "1"), None);
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, image, None);
        await DamageAsync(store, index.PackKey(0), 2000);
        await store.DeleteAsync(index.PackKey(1), None);
        RepairOutcome[] packs = await RepairAsync(store, image, new StoreDonor(other));
        await store.DeleteAsync(image.Index, None);
        RepairOutcome[] lostIndex = await RepairAsync(store, image, new StoreDonor(other));

        Assert.Equal([RepairStatus.Restored, RepairStatus.Restored, RepairStatus.Restored], packs.Concat(lostIndex).Select(o => o.Status));
        Assert.All(packs, outcome => Assert.Equal(other.Location, outcome.Source));
        Assert.Empty((await VerifyAsync(store, image)).Damaged);
        Assert.Empty(await RepairAsync(store, image, new StoreDonor(other)));
    }

    [EnvironmentFact]
    public async Task What_no_store_has_as_it_was_is_rebuilt_from_its_chunks_for_every_image_that_needs_it()
    {
        await using IObjectStore store = await OpenAsync();
        await using IObjectStore other = await TestStores.DirectoryAsync(Path.Combine(Scratch, "other"));
        byte[] content = MemoryDisk.Sample(5, 40_000_000);
        byte[] changed = (byte[])content.Clone();
        new Random(7).NextBytes(changed.AsSpan(30_000_000, 100_000));
        Manifest one = await PublishAsync(store, content, "1");
        Manifest two = await PublishAsync(store, changed, "2");

        // Published there for itself, after another: the same image in other packs.
        await PublishAsync(other, changed, "0");
        await PublishAsync(other, content, "1");
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, one, None);
        await DamageAsync(store, index.PackKey(0), 2000);
        await store.DeleteAsync(index.PackKey(1), None);

        RepairOutcome[] outcomes = await RepairAsync(store, one, new StoreDonor(other));

        Assert.Equal([RepairStatus.Rebuilt, RepairStatus.Rebuilt], outcomes.Select(o => o.Status));
        await HoldsAsync(store, "1", content);
        await HoldsAsync(store, "2", changed);
        Assert.NotNull(await store.StatAsync("marks/" + index.PackKey(0), None));
        Assert.Equal(one.ImageId, (await new ImageCatalog(store).ResolveAsync(new ImageReference("disk", "1"), None)).ImageId);
        Assert.Equal(two.Published, (await new ImageCatalog(store).ResolveAsync(new ImageReference("disk", "2"), None)).Published);
    }

    [EnvironmentFact]
    public async Task A_disk_that_holds_the_image_gives_what_is_lost_and_no_more()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(6, 40_000_000);
        Manifest image = await PublishAsync(store, content, "1");
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, image, None);
        await DamageAsync(store, index.PackKey(0), 2000);
        byte[] hostsOwn = (byte[])content.Clone();
        var donor = new DiskDonor(new MemoryDisk(hostsOwn), index);

        RepairOutcome outcome = Assert.Single(await RepairAsync(store, image, donor));

        Assert.Equal((RepairStatus.Rebuilt, "a disk"), (outcome.Status, outcome.Source));
        await HoldsAsync(store, "1", content);

        // One frame was damaged: what else was in the pack came from the pack.
        Assert.InRange(donor.BytesGiven, 1, FormatLimits.LongestFrame);
    }

    [EnvironmentFact]
    public async Task A_pack_that_comes_out_as_it_was_is_told_as_rebuilt_and_stays()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = new byte[24_000_000];
        new Random(9).NextBytes(content);
        Manifest image = await PublishAsync(store, content, "1");
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, image, None);
        await store.DeleteAsync(index.PackKey(0), None);

        RepairOutcome outcome = Assert.Single(await RepairAsync(store, image, new DiskDonor(new MemoryDisk(content), index)));

        Assert.Equal((RepairStatus.Rebuilt, "a disk"), (outcome.Status, outcome.Source));
        await HoldsAsync(store, "1", content);
        Assert.NotNull(await store.StatAsync(index.PackKey(0), None));
        Assert.Null(await store.StatAsync("marks/" + index.PackKey(0), None));
    }

    [EnvironmentFact]
    public async Task A_donor_that_gives_nonsense_does_not_keep_the_next_one_from_helping()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(10);
        Manifest image = await PublishAsync(store, content, "1");
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, image, None);
        await store.DeleteAsync(index.PackKey(0), None);

        RepairOutcome outcome = Assert.Single(await RepairAsync(store, image, new LyingDonor(), new DiskDonor(new MemoryDisk(content), index)));

        Assert.Equal((RepairStatus.Rebuilt, "a disk"), (outcome.Status, outcome.Source));
        await HoldsAsync(store, "1", content);
    }

    [EnvironmentFact]
    public async Task What_nobody_has_is_told_and_nothing_is_changed()
    {
        await using IObjectStore store = await OpenAsync();
        Manifest image = await PublishAsync(store, MemoryDisk.Sample(7), "1");
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, image, None);
        await DamageAsync(store, index.PackKey(0), 2000);
        byte[] wrong = MemoryDisk.Sample(8);

        RepairOutcome outcome = Assert.Single(await RepairAsync(store, image, new DiskDonor(new MemoryDisk(wrong), index)));

        Assert.Equal((RepairStatus.Failed, null), (outcome.Status, outcome.Source));
        Assert.Equal(image.Index, (await new ImageCatalog(store).ResolveAsync(new ImageReference("disk", "1"), None)).Index);
        Assert.Null(await store.StatAsync("marks/" + index.PackKey(0), None));
    }

    private static async Task<RepairOutcome[]> RepairAsync(IObjectStore store, Manifest image, params IRepairDonor[] donors)
    {
        Assert.True(ImageId.TryParse(image.ImageId, out ImageId id));
        ImageVerification found = await VerifyAsync(store, image);
        return [.. await new StoreRepairer(store, donors).RunAsync([.. found.Damaged.Select(d => (d, id))], None)];
    }

    private static Task<ImageVerification> VerifyAsync(IObjectStore store, Manifest image) => new StoreVerifier(store).VerifyAsync(image, null, None);

    private static async Task<(string Key, string Id)> OnlyDamageAsync(IObjectStore store, Manifest image)
    {
        ObjectDamage damage = Assert.Single((await VerifyAsync(store, image)).Damaged);
        return (damage.Key, damage.Id);
    }

    private static async Task DamageAsync(IObjectStore store, string key, int at)
    {
        byte[] pack = await store.ReadAllAsync(key, 1 << 25, None);
        pack[at] ^= 1;
        await store.PutAsync(key, pack, PutMode.Replace, None);
    }

    private static async Task<Manifest> PublishAsync(IObjectStore store, byte[] content, string version) =>
        (await ImagePublisher.RunAsync(store, new MemoryDisk(content), new PublishOptions(new ImageReference("disk", version)), None)).Manifest;

    private static async Task HoldsAsync(IObjectStore store, string version, byte[] content)
    {
        Manifest image = await new ImageCatalog(store).ResolveAsync(new ImageReference("disk", version), None);
        Assert.Empty((await VerifyAsync(store, image)).Damaged);
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, image, None);
        Assert.Null((await DiskVerifier.RunAsync(new MemoryDisk(content), index, null, None)).Damage);
    }

    private sealed class LyingDonor : IRepairDonor
    {
        public string Name => "a liar";

        public Task<SpooledObject?> TryReadObjectAsync(string key, ImageId image, CancellationToken cancellationToken)
        {
            var nonsense = new SpooledObject();
            nonsense.Append(new byte[100]);
            return Task.FromResult<SpooledObject?>(nonsense);
        }

        public async Task ReadChunksAsync(ImageId image, IReadOnlyList<int> chunks, ChunkContent take, CancellationToken cancellationToken)
        {
            foreach (int number in new[] { -1, int.MaxValue, int.MinValue, chunks[0] })
                await take(number, new byte[16384]);
        }
    }

    private sealed class DiskDonor(ILogicalDisk disk, ImageIndex index) : IRepairDonor
    {
        public string Name => "a disk";

        public long BytesGiven { get; private set; }

        public Task<SpooledObject?> TryReadObjectAsync(string key, ImageId image, CancellationToken cancellationToken) => Task.FromResult<SpooledObject?>(null);

        public Task ReadChunksAsync(ImageId image, IReadOnlyList<int> chunks, ChunkContent take, CancellationToken cancellationToken) => DiskDonation.ReadAsync(
            disk,
            index,
            chunks,
            (chunk, content) =>
            {
                BytesGiven += content.Length;
                return take(chunk, content);
            },
            cancellationToken);
    }
}

public sealed class DirectoryRepairTests : RepairContract
{
    protected override Task<IObjectStore> OpenAsync() => TestStores.DirectoryAsync(Path.Combine(Scratch, "store"));
}

[NeedsEnvironment("IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
public sealed class S3RepairTests : RepairContract
{
    private readonly string prefix = $"repair-{Guid.NewGuid():N}";

    protected override Task<IObjectStore> OpenAsync() => TestStores.S3Async(prefix);
}
