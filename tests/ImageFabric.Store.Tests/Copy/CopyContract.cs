using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Compare;
using ImageFabric.Store.Copy;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Tests.Objects;
using ImageFabric.Store.Tests.Publish;
using ImageFabric.Store.Verify;

namespace ImageFabric.Store.Tests.Copy;

/// <summary>Copies between two stores, whichever back ends they are.</summary>
public abstract class CopyContract : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected string Scratch { get; } = Directory.CreateTempSubdirectory("imagefabric-copy-").FullName;

    public void Dispose()
    {
        Directory.Delete(Scratch, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected abstract Task<IObjectStore> OpenSourceAsync();

    protected abstract Task<IObjectStore> OpenDestinationAsync();

    [EnvironmentFact]
    public async Task A_copy_is_whole_and_the_next_version_moves_only_what_is_new()
    {
        await using IObjectStore source = await OpenSourceAsync();
        await using IObjectStore destination = await OpenDestinationAsync();
        byte[] content = MemoryDisk.Sample(1, 40_000_000);
        Manifest first = await PublishAsync(source, content, "1");
        CopyOutcome copied = await CopyAsync(source, destination, first);
        Assert.True(copied.Created && copied.PacksCopied >= 2 && copied.PacksReused == 0);

        new Random(5).NextBytes(content.AsSpan(20_000_000, 200_000));
        Manifest second = await PublishAsync(source, content, "2");
        CopyOutcome next = await CopyAsync(source, destination, second);
        Assert.InRange(next.BytesCopied, 200_000, 1_000_000);
        Assert.Equal(copied.PacksCopied, next.PacksReused);

        foreach (Manifest image in new[] { first, second })
        {
            Manifest there = await new ImageCatalog(destination).ResolveAsync(new ImageReference("disk", image.Version), None);
            Assert.Equal(await source.ReadAllAsync($"images/disk/{image.Version}.json", 1 << 20, None), await destination.ReadAllAsync($"images/disk/{image.Version}.json", 1 << 20, None));
            await ImageVerifier.RunAsync(destination, there, null, None);
        }
    }

    [EnvironmentFact]
    public async Task What_is_there_already_is_not_moved_and_what_was_lost_there_is()
    {
        await using IObjectStore source = await OpenSourceAsync();
        await using IObjectStore destination = await OpenDestinationAsync();
        Manifest image = await PublishAsync(source, MemoryDisk.Sample(2, 40_000_000), "1");
        await CopyAsync(source, destination, image);

        CopyOutcome again = await CopyAsync(source, destination, image);
        Assert.Equal((false, 0L, 0), (again.Created, again.BytesCopied, again.PacksCopied));

        ImageIndex index = await ImageCatalog.ReadIndexAsync(source, image, None);
        await destination.DeleteAsync(index.PackKey(0), None);
        await destination.PutAsync(index.PackKey(1), new byte[100], PutMode.Replace, None);
        CopyOutcome mended = await CopyAsync(source, destination, image);
        Assert.Equal((true, 2), (mended.Created, mended.PacksCopied));
        await ImageVerifier.RunAsync(destination, image, null, None);

        await destination.DeleteAsync(image.Index, None);
        Assert.True((await CopyAsync(source, destination, image)).Created);
        await ImageVerifier.RunAsync(destination, image, null, None);
    }

    [EnvironmentFact]
    public async Task A_copy_that_broke_off_goes_on_and_nobody_saw_it_before_it_was_whole()
    {
        await using IObjectStore source = await OpenSourceAsync();
        await using IObjectStore destination = await OpenDestinationAsync();
        Manifest image = await PublishAsync(source, MemoryDisk.Sample(3, 80_000_000), "1");
        using var stop = new CancellationTokenSource();
        ImageCopier copier = await ImageCopier.OpenAsync(source, destination, new CopyOptions { Transfers = 1, Progress = new Stopper(stop) }, None);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copier.CopyAsync(new ImageReference(image.Name, image.Version), stop.Token));
        Assert.Empty(await new ImageCatalog(destination).ListAsync(null, null, None));

        CopyOutcome rest = await CopyAsync(source, destination, image);
        Assert.True(rest.PacksReused >= 1, $"{rest.PacksReused} packs were reused");
        await ImageVerifier.RunAsync(destination, image, null, None);
    }

    [EnvironmentFact]
    public async Task Another_content_of_the_same_version_is_refused()
    {
        await using IObjectStore source = await OpenSourceAsync();
        await using IObjectStore destination = await OpenDestinationAsync();
        Manifest image = await PublishAsync(source, MemoryDisk.Sample(4), "1");
        Manifest other = await PublishAsync(destination, MemoryDisk.Sample(5), "1");

        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => CopyAsync(source, destination, image));

        Assert.Equal(("ImageExists", "disk:1"), (refused.Id, refused.Target));
        await ImageVerifier.RunAsync(destination, other, null, None);
    }

    [EnvironmentFact]
    public async Task A_damaged_pack_is_not_copied_and_named()
    {
        await using IObjectStore source = await OpenSourceAsync();
        await using IObjectStore destination = await OpenDestinationAsync();
        Manifest image = await PublishAsync(source, MemoryDisk.Sample(6), "1");
        string key = (await ImageCatalog.ReadIndexAsync(source, image, None)).PackKey(0);
        byte[] pack = await source.ReadAllAsync(key, 1 << 25, None);
        pack[^100] ^= 1;
        await source.PutAsync(key, pack, PutMode.Replace, None);

        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => CopyAsync(source, destination, image));

        Assert.Equal(("PackCorrupt", key), (refused.Id, refused.Target));
        Assert.Null(await destination.StatAsync(key, None));
        Assert.Empty(await new ImageCatalog(destination).ListAsync(null, null, None));
    }

    [EnvironmentFact]
    public async Task A_plan_says_what_a_copy_then_moves_and_writes_nothing()
    {
        await using IObjectStore source = await OpenSourceAsync();
        await using IObjectStore destination = await OpenDestinationAsync();
        Manifest image = await PublishAsync(source, MemoryDisk.Sample(7, 40_000_000), "1");
        var planned = new UnwrittenObjectStore(destination, destination.Location);
        ImageCopier copier = await ImageCopier.OpenAsync(source, planned, new CopyOptions { PlanOnly = true }, None);
        CopyOutcome plan = await copier.CopyAsync(new ImageReference(image.Name, image.Version), None);
        await foreach (StoredObject found in destination.ListAsync("", None))
            Assert.Fail($"{found.Key} was written");

        CopyOutcome done = await CopyAsync(source, destination, image);

        Assert.Equal((plan.BytesCopied, plan.PacksCopied), (done.BytesCopied, done.PacksCopied));
    }

    [EnvironmentFact]
    public async Task What_the_destination_has_marked_for_deletion_comes_under_another_name()
    {
        await using IObjectStore source = await OpenSourceAsync();
        await using IObjectStore destination = await OpenDestinationAsync();
        Manifest image = await PublishAsync(source, MemoryDisk.Sample(9), "1");
        await CopyAsync(source, destination, image);
        string pack = (await ImageCatalog.ReadIndexAsync(source, image, None)).PackKey(0);
        await destination.DeleteAsync("images/disk/1.json", None);
        foreach (string key in new[] { pack, image.Index })
            await destination.PutAsync("marks/" + key, new ObjectMark { State = ObjectMark.Condemned, GraceSeconds = 3600 }.Serialize(), PutMode.Replace, None);

        CopyOutcome again = await CopyAsync(source, destination, image);

        Assert.Equal((true, 1), (again.Created, again.PacksCopied));
        await destination.DeleteAsync(pack, None);
        await destination.DeleteAsync(image.Index, None);
        await ImageVerifier.RunAsync(destination, again.Manifest, null, None);
        Assert.Equal(image.ImageId, again.Manifest.ImageId);
    }

    [EnvironmentFact]
    public async Task A_comparison_reads_no_pack_and_says_what_a_pull_then_fetches()
    {
        await using IObjectStore store = await OpenSourceAsync();
        byte[] content = MemoryDisk.Sample(8, 20_000_000);
        Manifest first = await PublishAsync(store, content, "1");
        new Random(6).NextBytes(content.AsSpan(4_000_000, 500_000));
        Array.Clear(content, 10_000_000, 300_000);
        Manifest second = await PublishAsync(store, content, "2");
        await foreach (StoredObject pack in store.ListAsync("packs/", None))
            await store.DeleteAsync(pack.Key, None);

        ImageIndex one = await ImageCatalog.ReadIndexAsync(store, first, None);
        ImageIndex two = await ImageCatalog.ReadIndexAsync(store, second, None);
        ImageComparison found = ImageComparison.Of(one, two);

        Assert.Equal(two.DataSize, found.SharedBytes + found.NewBytes);
        Assert.InRange(found.NewBytes, 400_000, 1_200_000);
        Assert.InRange(found.NewStoredBytes, 400_000, 2_000_000);
        Assert.True(found.RemovedBytes > 0);
        Assert.Equal(new ImageComparison(two.DataSize, 0, 0, 0), ImageComparison.Of(two, two));
    }

    private static async Task<Manifest> PublishAsync(IObjectStore store, byte[] content, string version) =>
        (await ImagePublisher.RunAsync(store, new MemoryDisk(content), new PublishOptions(new ImageReference("disk", version)), None)).Manifest;

    private static async Task<CopyOutcome> CopyAsync(IObjectStore source, IObjectStore destination, Manifest image) =>
        await (await ImageCopier.OpenAsync(source, destination, new CopyOptions(), None)).CopyAsync(new ImageReference(image.Name, image.Version), None);

    private sealed class Stopper(CancellationTokenSource stop) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value)
        {
            if (value.Done > value.Total / 4)
                stop.Cancel();
        }
    }
}

public sealed class DirectoryToDirectoryCopyTests : CopyContract
{
    protected override Task<IObjectStore> OpenSourceAsync() => TestStores.DirectoryAsync(Path.Combine(Scratch, "source"));

    protected override Task<IObjectStore> OpenDestinationAsync() => TestStores.DirectoryAsync(Path.Combine(Scratch, "destination"));
}

[NeedsEnvironment("IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
public sealed class DirectoryToS3CopyTests : CopyContract
{
    private readonly string prefix = $"copy-{Guid.NewGuid():N}";

    protected override Task<IObjectStore> OpenSourceAsync() => TestStores.DirectoryAsync(Path.Combine(Scratch, "source"));

    protected override Task<IObjectStore> OpenDestinationAsync() => TestStores.S3Async(prefix);
}

[NeedsEnvironment("IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
public sealed class S3ToS3CopyTests : CopyContract
{
    private readonly string prefix = $"copy-{Guid.NewGuid():N}";

    protected override Task<IObjectStore> OpenSourceAsync() => TestStores.S3Async(prefix + "/source");

    protected override Task<IObjectStore> OpenDestinationAsync() => TestStores.S3Async(prefix + "/destination");
}
