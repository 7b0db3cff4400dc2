using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Copy;
using ImageFabric.Store.Deltas;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Pull;
using ImageFabric.Store.Tests.Objects;
using ImageFabric.Store.Tests.Publish;

namespace ImageFabric.Store.Tests.Deltas;

/// <summary>Deltas on any back end. The images are of files that grew by some bytes, so that no chunk stays and all content does.</summary>
public abstract class DeltaContract : IDisposable
{
    private const int FileLength = 200_000;
    private static readonly CancellationToken None = CancellationToken.None;

    protected string Scratch { get; } = Directory.CreateTempSubdirectory("imagefabric-delta-").FullName;

    protected abstract Task<IObjectStore> OpenAsync();

    public void Dispose()
    {
        Directory.Delete(Scratch, recursive: true);
        GC.SuppressFinalize(this);
    }

    [EnvironmentFact]
    public async Task Whoever_has_the_old_image_fetches_little_of_the_new_one()
    {
        await using IObjectStore store = await OpenAsync();
        (byte[] old, byte[] grown) = Disks();
        Manifest from = await PublishAsync(store, old, "1");
        Manifest to = await PublishAsync(store, grown, "2");
        Assert.True(to.StoredSize > 5_000_000);
        long delta = await DeltaAsync(store, from, to);
        Assert.InRange(delta, 1, to.StoredSize / 20);
        Assert.Equal(0, await DeltaAsync(store, from, to));
        string seed = await FileAsync("seed", old);
        ImageIndex oldIndex = await ImageCatalog.ReadIndexAsync(store, from, None);

        // A seed whose chunks are listed, one that is cut, and one in the midst of others; in either format.
        foreach ((PullSeed[] seeds, string format) in new (PullSeed[], string)[]
        {
            ([new(seed, _ => Task.FromResult<ImageIndex?>(oldIndex))], "raw"),
            ([new(seed, null)], "qcow2"),
            ([new(await FileAsync("other", MemoryDisk.Sample(9)), null), new(seed, null)], "raw"),
        })
        {
            string path = Path.Combine(Scratch, Guid.NewGuid().ToString("N"));
            var progress = new Last();
            PullOutcome pulled = await PullAsync(store, to, path, new PullOptions { Format = format, Seeds = seeds, Progress = progress, Notice = Unexpected });
            Assert.InRange(pulled.BytesFetched, 1, delta);
            Assert.Equal(pulled.BytesFetched, progress.Value.Fetched);
            Assert.Equal(pulled.BytesFetched, progress.Value.ToFetch);
            Assert.Equal(progress.Value.Total, progress.Value.Done);
            await HoldsAsync(path, grown);
        }

        // Who has nothing, or something else, fetches it whole.
        PullOutcome without = await PullAsync(store, to, Path.Combine(Scratch, "without"), new PullOptions { Notice = Unexpected });
        Assert.Equal(to.StoredSize, without.BytesFetched);
        PullOutcome other = await PullAsync(store, to, Path.Combine(Scratch, "other.raw"), new PullOptions { Seeds = [new(Path.Combine(Scratch, "other"), null)], Notice = Unexpected });
        Assert.Equal(to.StoredSize, other.BytesFetched);
    }

    [EnvironmentFact]
    public async Task A_damaged_or_lost_delta_or_seed_costs_bytes_and_nothing_else()
    {
        await using IObjectStore store = await OpenAsync();
        (byte[] old, byte[] grown) = Disks();
        Manifest from = await PublishAsync(store, old, "1");
        Manifest to = await PublishAsync(store, grown, "2");
        Assert.True(await DeltaAsync(store, from, to) > 0);
        ImageIndex oldIndex = await ImageCatalog.ReadIndexAsync(store, from, None);
        string seed = await FileAsync("seed", old);
        string key = ObjectKeys.Delta(oldIndex.ImageId, IdOf(to));
        byte[] whole = await store.ReadAllAsync(key, 1 << 30, None);

        byte[] flipped = (byte[])whole.Clone();
        flipped[9 + 30] ^= 1;
        await NoticedAsync(flipped, "damaged");
        byte[] torn = whole[..^100];
        await NoticedAsync(torn, "no delta's");
        await NoticedAsync(null, "not there any more");

        // The seed is not what its list says: every second frame cannot be made of it.
        await store.PutAsync(key, whole, PutMode.Replace, None);
        byte[] damagedSeed = (byte[])old.Clone();
        for (int at = 0; at < old.Length / 2; at += 1000)
            damagedSeed[at] ^= 0x20;
        seed = await FileAsync("damaged", damagedSeed);
        PullOutcome pulled = await NoticedAsync(whole, "damaged");
        Assert.True(pulled.BytesFetched < to.StoredSize);

        async Task<PullOutcome> NoticedAsync(byte[]? delta, string why)
        {
            IReadOnlyList<PullDelta> deltas = await StoredDeltas.ListAsync(store, IdOf(to), None);
            if (delta is null)
                await store.DeleteAsync(key, None);
            else
                await store.PutAsync(key, delta, PutMode.Replace, None);
            if (delta is not null)
                deltas = await StoredDeltas.ListAsync(store, IdOf(to), None);
            var notices = new List<string>();
            string path = Path.Combine(Scratch, Guid.NewGuid().ToString("N"));
            ImageIndex index = await ImageCatalog.ReadIndexAsync(store, to, None);
            PullOutcome outcome = await ImagePull.RunAsync(
                store, index, path, new PullOptions { Seeds = [new(seed, _ => Task.FromResult<ImageIndex?>(oldIndex))], Deltas = deltas, Notice = notices.Add }, None);
            Assert.Contains(why, Assert.Single(notices), StringComparison.Ordinal);
            await HoldsAsync(path, grown);
            return outcome;
        }
    }

    [EnvironmentFact]
    public async Task A_pull_that_broke_off_within_a_delta_goes_on_from_there()
    {
        await using IObjectStore store = await OpenAsync();
        (byte[] old, byte[] grown) = Disks();
        Manifest from = await PublishAsync(store, old, "1");
        Manifest to = await PublishAsync(store, grown, "2");
        long delta = await DeltaAsync(store, from, to);
        string path = Path.Combine(Scratch, "new");
        PullSeed seed = new(await FileAsync("seed", old), null);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ImagePull.RunAsync(
            store,
            await ImageCatalog.ReadIndexAsync(store, to, None),
            path,
            new PullOptions { Seeds = [seed], Deltas = await StoredDeltas.ListAsync(store, IdOf(to), None), Reads = 1, Progress = new StopAtHalf(stop) },
            stop.Token));
        PullOutcome pulled = await PullAsync(store, to, path, new PullOptions { Seeds = [seed] });
        Assert.True(pulled.BytesReused > to.DataSize / 3, $"{pulled.BytesReused} of {to.DataSize}");
        Assert.InRange(pulled.BytesFetched, 0, delta);
        await HoldsAsync(path, grown);
    }

    [EnvironmentFact]
    public async Task What_resembles_nothing_has_no_delta()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(1);
        Manifest first = await PublishAsync(store, content, "1");
        Manifest same = await PublishAsync(store, content, "2");
        Manifest noise = await PublishAsync(store, Noise(5, 3_000_000), "3");
        Manifest zeros = await PublishAsync(store, new byte[1_000_448], "4");
        foreach ((Manifest from, Manifest to) in new[] { (first, same), (first, noise), (first, zeros), (zeros, first) })
            Assert.Equal(0, await DeltaAsync(store, from, to));
        Assert.Empty(await StoredDeltas.ListAsync(store, IdOf(noise), None));
    }

    [EnvironmentFact]
    public async Task A_delta_goes_with_the_images_it_leads_to_and_comes_along_with_a_copy()
    {
        await using IObjectStore store = await OpenAsync();
        (byte[] old, byte[] grown) = Disks();
        Manifest from = await PublishAsync(store, old, "1");
        Manifest to = await PublishAsync(store, grown, "2");
        long delta = await DeltaAsync(store, from, to);
        await using IObjectStore destination = await TestStores.DirectoryAsync(Path.Combine(Scratch, "destination"));
        foreach (bool plan in new[] { true, false })
        {
            ImageCopier copier = await ImageCopier.OpenAsync(store, destination, new CopyOptions { PlanOnly = plan }, None);
            Assert.Equal(delta, await copier.CopyDeltasAsync(to, None));
            Assert.Equal(plan ? 0 : 1, (await StoredDeltas.ListAsync(destination, IdOf(to), None)).Count);
        }

        ImageCopier again = await ImageCopier.OpenAsync(store, destination, new CopyOptions(), None);
        Assert.Equal(0, await again.CopyDeltasAsync(to, None));

        // The image it starts from may go: hosts have it.
        await new ImageCatalog(store).RemoveAsync(new ImageReference("disk", "1"), None);
        Assert.Equal(0, (await CollectAsync()).Leftovers.Count);
        Assert.Single(await StoredDeltas.ListAsync(store, IdOf(to), None));
        await new ImageCatalog(store).RemoveAsync(new ImageReference("disk", "2"), None);
        CollectReport report = await CollectAsync();
        if (CanAge)
        {
            Assert.Equal(new ObjectSum(1, delta), report.Leftovers);
            Assert.Empty(await StoredDeltas.ListAsync(store, IdOf(to), None));
        }
        else
        {
            // It is young still.
            Assert.Equal(0, report.Leftovers.Count);
        }

        async Task<CollectReport> CollectAsync()
        {
            Age();
            return await GarbageCollector.RunAsync(store, new CollectOptions { Grace = CollectionTimes.ShortestGrace }, None);
        }
    }

    /// <summary>True when <see cref="Age"/> makes everything in the store older than any grace period.</summary>
    protected abstract bool CanAge { get; }

    protected abstract void Age();

    // Files one behind the other, each of which has some bytes more in its second form.
    private static (byte[] Old, byte[] Grown) Disks()
    {
        const int Files = 30;
        byte[] old = new byte[Files * (FileLength + 4096) & -4096];
        byte[] grown = new byte[old.Length + 777];
        for (int f = 0; f < Files; f++)
        {
            byte[] file = Noise(100 + f, FileLength);
            int place = f * FileLength / 4096 * 4096;
            file.CopyTo(old, place);
            grown.AsSpan(place, 3 + f).Fill(0x5a);
            file.AsSpan(0, FileLength - 100).CopyTo(grown.AsSpan(place + 3 + f));
        }

        return (old, grown);
    }

    private static byte[] Noise(int seed, int length)
    {
        byte[] noise = new byte[length];
        new Random(seed).NextBytes(noise);
        return noise;
    }

    private static void Unexpected(string notice) => Assert.Fail(notice);

    private static ImageId IdOf(Manifest manifest)
    {
        Assert.True(ImageId.TryParse(manifest.ImageId, out ImageId id));
        return id;
    }

    private static async Task<Manifest> PublishAsync(IObjectStore store, byte[] content, string version) =>
        (await ImagePublisher.RunAsync(store, new MemoryDisk(content), new PublishOptions(new ImageReference("disk", version)), None)).Manifest;

    private static Task<long> DeltaAsync(IObjectStore store, Manifest from, Manifest to) => DeltaPublisher.RunAsync(store, from, to, 3, null, None);

    private static async Task<PullOutcome> PullAsync(IObjectStore store, Manifest image, string path, PullOptions options) => await ImagePull.RunAsync(
        store, await ImageCatalog.ReadIndexAsync(store, image, None), path, options with { Deltas = await StoredDeltas.ListAsync(store, IdOf(image), None) }, None);

    private async Task<string> FileAsync(string name, byte[] content)
    {
        string path = Path.Combine(Scratch, name);
        await File.WriteAllBytesAsync(path, content);
        return path;
    }

    private static async Task HoldsAsync(string path, byte[] content)
    {
        using ImageFabric.Disks.ILogicalDisk disk = await ImageFabric.Disks.DiskImage.OpenAsync(path, ImageFabric.Disks.DiskPolicy.Default, None);
        byte[] found = new byte[content.Length];
        await disk.ReadAsync(0, found, None);
        Assert.True(content.AsSpan().SequenceEqual(found));
    }

    private sealed class Last : IProgress<TransferProgress>
    {
        private readonly Lock gate = new();

        public TransferProgress Value { get; private set; }

        public void Report(TransferProgress value)
        {
            lock (gate)
                Value = value;
        }
    }

    private sealed class StopAtHalf(CancellationTokenSource stop) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value)
        {
            if (value.Done > value.Total / 2)
                stop.Cancel();
        }
    }
}

public sealed class DirectoryDeltaTests : DeltaContract
{
    protected override bool CanAge => true;

    protected override Task<IObjectStore> OpenAsync() => TestStores.DirectoryAsync(Path.Combine(Scratch, "store"));

    protected override void Age()
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Scratch, "store"), "*", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow - TimeSpan.FromDays(40));
    }
}

[NeedsEnvironment("IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
public sealed class S3DeltaTests : DeltaContract
{
    private readonly string prefix = $"delta-{Guid.NewGuid():N}";

    protected override bool CanAge => false;

    protected override Task<IObjectStore> OpenAsync() => TestStores.S3Async(prefix);

    protected override void Age()
    {
    }
}
