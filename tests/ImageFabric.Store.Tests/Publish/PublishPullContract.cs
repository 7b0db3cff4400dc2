using ImageFabric.Disks;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Pull;
using ImageFabric.Store.Tests.Objects;
using ImageFabric.Store.Verify;

namespace ImageFabric.Store.Tests.Publish;

/// <summary>Publish, pull and verify on any back end.</summary>
public abstract class PublishPullContract : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected PublishPullContract() => Directory.CreateDirectory(Scratch);

    /// <summary>A directory of the test's own.</summary>
    protected string Scratch { get; } = Path.Combine(Path.GetTempPath(), $"imagefabric-test-{Guid.NewGuid():N}");

    /// <summary>The store under test, empty at the test's begin.</summary>
    protected abstract Task<IObjectStore> OpenAsync();

    public void Dispose()
    {
        Directory.Delete(Scratch, recursive: true);
        GC.SuppressFinalize(this);
    }

    [EnvironmentFact]
    public async Task What_is_published_is_pulled_back_byte_for_byte_into_either_format()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(1);
        PublishOutcome published = await PublishAsync(store, content, "a", "1");
        Assert.True(published.Created);
        Assert.Equal(content.Length, published.Manifest.VirtualSize);
        Assert.InRange(published.BytesUploaded, 1, content.Length);

        foreach (string format in DiskTarget.Formats)
        {
            string path = Path.Combine(Scratch, "pulled." + format);
            PullOutcome pulled = await PullAsync(store, "a:1", path, new PullOptions { Format = format });
            Assert.Equal(published.Manifest.StoredSize, pulled.BytesFetched);
            Assert.Equal(0, pulled.BytesReused);
            await HoldsAsync(path, content);
        }

        VerifyOutcome verified = await ImageVerifier.RunAsync(store, published.Manifest, null, None);
        Assert.True(verified.ChunksVerified > 10);
    }

    [EnvironmentFact]
    public async Task The_same_content_again_uploads_no_pack_and_has_the_same_id()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(2);
        PublishOutcome first = await PublishAsync(store, content, "a", "1");
        PublishOutcome again = await PublishAsync(store, content, "a", "1");
        Assert.False(again.Created);
        Assert.Equal(0, again.BytesUploaded);
        PublishOutcome other = await ImagePublisher.RunAsync(store, new MemoryDisk(content, 12_288), new PublishOptions(new ImageReference("b", "1")), None);
        Assert.True(other.Created);
        Assert.Equal(0, other.PacksUploaded);
        Assert.Equal(first.Manifest.ImageId, again.Manifest.ImageId);
        Assert.Equal(first.Manifest.ImageId, other.Manifest.ImageId);
    }

    /// <summary>Publishers' clocks differ; what was published last is the newest.</summary>
    [EnvironmentFact]
    public async Task A_publisher_whose_clock_is_ahead_does_not_keep_later_versions_from_being_the_latest()
    {
        await using IObjectStore store = await OpenAsync();
        PublishOutcome ahead = await PublishAsync(store, MemoryDisk.Sample(3), "a", "1");
        DateTimeOffset tomorrow = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds());
        await store.PutAsync(ObjectKeys.Manifest("a", "1"), (ahead.Manifest with { Published = tomorrow }).Serialize(), PutMode.Replace, None);

        PublishOutcome second = await PublishAsync(store, MemoryDisk.Sample(4), "a", "2");
        Assert.Equal(tomorrow.AddMilliseconds(1), second.Manifest.Published);
        Assert.Equal("2", (await new ImageCatalog(store).ResolveAsync(new ImageReference("a", null), None)).Version);

        PublishOutcome other = await PublishAsync(store, MemoryDisk.Sample(4), "b", "1");
        Assert.True(other.Manifest.Published < tomorrow);
    }

    [EnvironmentFact]
    public async Task A_damaged_manifest_keeps_no_other_image_from_being_published_or_listed()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(5);
        await PublishAsync(store, content, "whole", "1");
        await store.PutAsync("images/damaged/1.json", "{"u8.ToArray(), PutMode.CreateOnly, None);

        PublishOutcome published = await PublishAsync(store, content, "whole", "2");
        var damages = new List<StoreException>();
        IReadOnlyList<Manifest> listed = await new ImageCatalog(store).ListAsync(null, damages.Add, None);

        Assert.Equal(0, published.PacksUploaded);
        Assert.Equal(["1", "2"], listed.Select(m => m.Version));
        Assert.Equal(("ManifestCorrupt", "images/damaged/1.json"), damages.Select(d => (d.Id, d.Target)).Single());
        await Assert.ThrowsAsync<StoreException>(() => new ImageCatalog(store).ListAsync(null, null, None));
    }

    [EnvironmentFact]
    public async Task A_version_with_other_content_is_refused_before_anything_is_sent()
    {
        await using IObjectStore store = await OpenAsync();
        await PublishAsync(store, MemoryDisk.Sample(3), "a", "1");
        string[] before = await KeysAsync(store);
        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => PublishAsync(store, MemoryDisk.Sample(4), "a", "1"));
        Assert.Equal("ImageExists", refused.Id);
        Assert.Equal("a:1", refused.Target);
        Assert.Equal(before, await KeysAsync(store));
    }

    [EnvironmentFact]
    public async Task Of_two_publishers_at_once_one_wins_and_the_other_is_told()
    {
        await using IObjectStore store = await OpenAsync();
        await RepositoryDescription.OpenOrCreateAsync(store, None);
        using var together = new Barrier(2);
        Task<PublishOutcome>[] publishers = [.. new[] { 5, 6 }.Select(seed => Task.Run(() =>
        {
            bool met = false;
            // Both are in mid-work, so neither sees the other's manifest before its own is to be written.
            var disk = new MemoryDisk(MemoryDisk.Sample(seed))
            {
                BeforeRead = _ =>
                {
                    if (!met)
                        together.SignalAndWait(TimeSpan.FromSeconds(30));
                    met = true;
                },
            };
            return ImagePublisher.RunAsync(store, disk, new PublishOptions(new ImageReference("a", "1")), None);
        }))];
        await ((Task)Task.WhenAll(publishers)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task<PublishOutcome> winner = Assert.Single(publishers, p => p.IsCompletedSuccessfully);
        Task<PublishOutcome> loser = Assert.Single(publishers, p => p.IsFaulted);
        Assert.Equal("ImageExists", Assert.IsType<StoreException>(loser.Exception!.InnerException).Id);

        string path = Path.Combine(Scratch, "pulled");
        await PullAsync(store, "a:1", path, new PullOptions());
        await HoldsAsync(path, MemoryDisk.Sample(winner == publishers[0] ? 5 : 6));
    }

    [EnvironmentFact]
    public async Task A_publish_that_broke_off_leaves_no_image_and_the_next_one_goes_on_from_it()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(7, 60_000_000);
        var broken = new MemoryDisk(content)
        {
            BeforeRead = offset =>
            {
                if (offset < 50_000_000)
                    return;
                // What had arrived when it broke is what the next one can use.
                SpinWait.SpinUntil(() => KeysAsync(store).GetAwaiter().GetResult().Any(key => key.StartsWith("packs/", StringComparison.Ordinal)), TimeSpan.FromSeconds(30));
                throw new DiskException("FileUnreadable", "memory", "The disk broke.");
            },
        };
        await Assert.ThrowsAsync<DiskException>(() => ImagePublisher.RunAsync(store, broken, new PublishOptions(new ImageReference("a", "1")), None));
        string[] left = await KeysAsync(store);
        Assert.DoesNotContain(left, key => key.StartsWith("images/", StringComparison.Ordinal) || key.StartsWith("indexes/", StringComparison.Ordinal));

        PublishOutcome next = await PublishAsync(store, content, "a", "1");
        int packsLeft = left.Count(key => key.StartsWith("packs/", StringComparison.Ordinal));
        Assert.True(packsLeft > 0);
        Assert.True(next.BytesReused > packsLeft * 14_000_000L, $"{next.BytesReused} bytes of {packsLeft} packs were reused");
        string path = Path.Combine(Scratch, "pulled");
        await PullAsync(store, "a:1", path, new PullOptions());
        await HoldsAsync(path, content);
    }

    [EnvironmentFact]
    public async Task A_source_that_changed_while_it_was_read_is_not_published()
    {
        await using IObjectStore store = await OpenAsync();
        var changed = new MemoryDisk(MemoryDisk.Sample(8)) { Changed = true };
        DiskException refused = await Assert.ThrowsAsync<DiskException>(() => ImagePublisher.RunAsync(store, changed, new PublishOptions(new ImageReference("a", "1")), None));
        Assert.Equal("SourceChanged", refused.Id);
        Assert.Empty(await new ImageCatalog(store).ListAsync(null, null, None));
    }

    [EnvironmentFact]
    public async Task A_pack_that_was_lost_is_sent_again_when_the_image_is_published_again()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(9);
        PublishOutcome first = await PublishAsync(store, content, "a", "1");
        foreach (string key in (await KeysAsync(store)).Where(k => k.StartsWith("packs/", StringComparison.Ordinal)))
            await store.DeleteAsync(key, None);
        StoreException missing = await Assert.ThrowsAsync<StoreException>(() => ImageVerifier.RunAsync(store, first.Manifest, null, None));
        Assert.Equal("ObjectMissing", missing.Id);

        PublishOutcome again = await PublishAsync(store, content, "a", "1");
        Assert.False(again.Created);
        Assert.True(again.PacksUploaded > 0);
        await ImageVerifier.RunAsync(store, again.Manifest, null, None);
    }

    [EnvironmentFact]
    public async Task What_is_marked_counts_as_absent_and_its_name_is_not_used_again()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(15);
        PublishOutcome first = await PublishAsync(store, content, "a", "1");
        string[] marked = [.. (await KeysAsync(store)).Where(ObjectKeys.IsData)];
        foreach (string key in marked)
            await store.PutAsync(ObjectKeys.Mark(key), new ObjectMark { State = ObjectMark.Released, GraceSeconds = 3600 }.Serialize(), PutMode.Replace, None);

        PublishOutcome second = await PublishAsync(store, content, "a", "2");
        Assert.Equal(first.BytesReused, second.BytesReused);
        Assert.Equal(first.PacksUploaded, second.PacksUploaded);
        Assert.Equal(first.Manifest.ImageId, second.Manifest.ImageId);
        foreach (string key in marked)
            await store.DeleteAsync(key, None);
        string path = Path.Combine(Scratch, "pulled");
        await PullAsync(store, "a:2", path, new PullOptions());
        await HoldsAsync(path, content);
    }

    [EnvironmentFact]
    public async Task A_publisher_whose_packs_are_marked_on_the_way_begins_anew_and_with_a_young_mark_goes_on()
    {
        await using IObjectStore store = await OpenAsync();
        foreach ((string state, string version, bool again) in new[] { (ObjectMark.Released, "2", true), (ObjectMark.Condemned, "3", false) })
        {
            byte[] content = MemoryDisk.Sample(version[0]);
            await PublishAsync(store, content, "base", version);
            string[] data = [.. (await KeysAsync(store)).Where(ObjectKeys.IsData)];
            bool met = false;
            int reads = 0;
            var disk = new MemoryDisk(content)
            {
                BeforeRead = offset =>
                {
                    reads += offset == 0 ? 1 : 0;
                    if (met)
                        return;
                    met = true;
                    foreach (string key in data)
                        store.PutAsync(ObjectKeys.Mark(key), new ObjectMark { State = state, GraceSeconds = 3600 }.Serialize(), PutMode.Replace, None).GetAwaiter().GetResult();
                },
            };
            PublishOutcome outcome = await ImagePublisher.RunAsync(store, disk, new PublishOptions(new ImageReference("a", version)), None);
            Assert.Equal(again ? 2 : 1, reads);
            Assert.Equal(again, outcome.PacksUploaded > 0);
        }
    }

    [EnvironmentFact]
    public async Task A_new_version_takes_what_did_not_change_from_the_old_one()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] old = MemoryDisk.Sample(10);
        byte[] changed = (byte[])old.Clone();
        new Random(1).NextBytes(changed.AsSpan(2_000_000, 100_000));
        await PublishAsync(store, old, "a", "1");
        PublishOutcome update = await PublishAsync(store, changed, "a", "2");
        Assert.InRange(update.BytesUploaded, 1, 700_000);

        string seed = Path.Combine(Scratch, "old");
        await PullAsync(store, "a:1", seed, new PullOptions());
        ImageIndex oldIndex = await IndexAsync(store, "a:1");
        foreach (ImageIndex? known in new[] { oldIndex, null })
        {
            foreach (string format in DiskTarget.Formats)
            {
                string path = Path.Combine(Scratch, $"new.{known is null}.{format}");
                PullSeed given = new(seed, known is null ? null : _ => Task.FromResult<ImageIndex?>(known));

                // As few places in memory as make several passes of it.
                PullOutcome pulled = await PullAsync(store, "a:2", path, new PullOptions { Format = format, Seeds = [given], SeedChunks = 100 });
                Assert.InRange(pulled.BytesFetched, 1, 700_000);
                Assert.True(pulled.BytesReused > update.Manifest.DataSize * 8 / 10);
                await HoldsAsync(path, changed);
            }
        }
    }

    [EnvironmentFact]
    public async Task Images_that_know_different_chunks_of_one_frame_are_built_upon_together()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(11);
        byte[] half = new byte[content.Length];
        byte[] other = new byte[content.Length];
        // Every second piece of a frame's length in one, the others in the other, so that most frames are named by both.
        const int Piece = 64 << 10;
        for (int at = 0; at < content.Length; at += Piece)
        {
            Span<byte> target = (at / Piece % 2 == 0 ? half : other).AsSpan(at);
            content.AsSpan(at, Math.Min(Piece, content.Length - at)).CopyTo(target);
        }

        await PublishAsync(store, content, "a", "1");
        await PublishAsync(store, half, "a", "2");
        await PublishAsync(store, other, "a", "3");
        await new ImageCatalog(store).RemoveAsync(new ImageReference("a", "1"), None);
        PublishOutcome again = await PublishAsync(store, content, "a", "4");

        Assert.True(again.BytesReused > content.Length / 4);
        await PullAsync(store, "a:4", Path.Combine(Scratch, "pulled.raw"), new PullOptions());
        await HoldsAsync(Path.Combine(Scratch, "pulled.raw"), content);
    }

    [EnvironmentFact]
    public async Task A_seed_that_is_damaged_gives_nothing_wrong()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(11);
        await PublishAsync(store, content, "a", "1");
        byte[] damaged = (byte[])content.Clone();
        for (int i = 5000; i < damaged.Length; i += 300_000)
            damaged[i] ^= 0x40;
        string seed = Path.Combine(Scratch, "seed");
        await File.WriteAllBytesAsync(seed, damaged);
        string path = Path.Combine(Scratch, "pulled");
        PullSeed given = new(seed, async _ => await IndexAsync(store, "a:1"));
        PullOutcome pulled = await PullAsync(store, "a:1", path, new PullOptions { Seeds = [given] });
        Assert.True(pulled.BytesFetched > 0 && pulled.BytesReused > 0);
        await HoldsAsync(path, content);
    }

    [EnvironmentFact]
    public async Task A_pull_that_broke_off_goes_on_from_there()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(12, 30_000_001);
        PublishOutcome published = await PublishAsync(store, content, "a", "1");
        foreach (string format in DiskTarget.Formats)
        {
            string path = Path.Combine(Scratch, "pulled." + format);
            using var stop = new CancellationTokenSource();
            var progress = new Half(stop);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
                await ImagePull.RunAsync(store, await IndexAsync(store, "a:1"), path, new PullOptions { Format = format, Reads = 1, Progress = progress }, stop.Token));
            PullOutcome pulled = await PullAsync(store, "a:1", path, new PullOptions { Format = format });
            Assert.True(pulled.BytesReused > published.Manifest.DataSize / 3, $"{format}: {pulled.BytesReused} of {published.Manifest.DataSize}");
            await HoldsAsync(path, content);
        }
    }

    [EnvironmentFact]
    public async Task What_had_arrived_of_a_read_that_broke_off_is_in_place()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = new byte[6_000_000];
        new Random(15).NextBytes(content);
        await PublishAsync(store, content, "a", "1");
        string path = Path.Combine(Scratch, "pulled");
        await using var breaking = new BreakingSource(store, 2_500_000);
        await Assert.ThrowsAsync<StoreException>(async () =>
            await ImagePull.RunAsync(breaking, await IndexAsync(store, "a:1"), path, new PullOptions { Reads = 1 }, None));

        PullOutcome pulled = await PullAsync(store, "a:1", path, new PullOptions());

        // All but the frame that was on its way when the read broke off, and what one piece of reading brought beyond it.
        Assert.InRange(pulled.BytesReused, 2_500_000 - (2 * FormatLimits.FrameLength), 2_500_000 + (1 << 20));
        await HoldsAsync(path, content);
    }

    [EnvironmentFact]
    public async Task A_flipped_bit_in_a_pack_is_found_and_the_pack_is_named()
    {
        await using IObjectStore store = await OpenAsync();
        PublishOutcome published = await PublishAsync(store, MemoryDisk.Sample(13), "a", "1");
        string key = Assert.Single(await KeysAsync(store), k => k.StartsWith("packs/", StringComparison.Ordinal));
        StoredObject pack = (await store.StatAsync(key, None))!;
        byte[] bytes = await store.ReadAllAsync(key, pack.Length, None);
        bytes[1000] ^= 0x10;
        await store.PutAsync(key, bytes, PutMode.Replace, None);

        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => PullAsync(store, "a:1", Path.Combine(Scratch, "pulled"), new PullOptions()));
        Assert.Equal("PackCorrupt", refused.Id);
        Assert.Equal(key, refused.Target);
        Assert.Contains(key, refused.Message, StringComparison.Ordinal);
        Assert.Equal("PackCorrupt", (await Assert.ThrowsAsync<StoreException>(() => ImageVerifier.RunAsync(store, published.Manifest, null, None))).Id);
    }

    [EnvironmentFact]
    public async Task A_disk_of_nothing_but_zeros_is_published_and_pulled()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = new byte[1_000_448];
        PublishOutcome published = await PublishAsync(store, content, "empty", "1");
        Assert.Equal(0, published.PacksUploaded);
        string path = Path.Combine(Scratch, "pulled");
        await PullAsync(store, "empty:1", path, new PullOptions());
        await HoldsAsync(path, content);
    }

    [EnvironmentFact]
    public async Task The_catalog_lists_by_wildcards_resolves_the_newest_and_removes_one_version()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = MemoryDisk.Sample(14, 100_000);
        foreach ((string name, string version) in new[] { ("web", "9"), ("web", "10"), ("database", "1") })
            await PublishAsync(store, content, name, version);
        var catalog = new ImageCatalog(store);
        Assert.Equal(["database:1", "web:9", "web:10"], await NamesAsync(null));
        Assert.Equal(["web:9", "web:10"], await NamesAsync("WEB"));
        Assert.Equal(["web:10"], await NamesAsync("w*:1?"));
        Assert.Equal(["database:1", "web:10"], await NamesAsync("*:latest"));
        Assert.Equal("10", (await catalog.ResolveAsync(new ImageReference("web", null), None)).Version);
        await catalog.RemoveAsync(new ImageReference("web", "10"), None);
        Assert.Equal("9", (await catalog.ResolveAsync(new ImageReference("web", null), None)).Version);
        Assert.Equal("ImageNotFound", (await Assert.ThrowsAsync<StoreException>(() => catalog.ResolveAsync(new ImageReference("web", "10"), None))).Id);

        async Task<string[]> NamesAsync(string? pattern) => [.. (await catalog.ListAsync(pattern, null, None)).Select(m => $"{m.Name}:{m.Version}")];
    }

    private static Task<PublishOutcome> PublishAsync(IObjectStore store, byte[] content, string name, string version) =>
        ImagePublisher.RunAsync(store, new MemoryDisk(content), new PublishOptions(new ImageReference(name, version)), None);

    private static async Task<PullOutcome> PullAsync(IObjectStore store, string image, string path, PullOptions options) =>
        await ImagePull.RunAsync(store, await IndexAsync(store, image), path, options, None);

    private static async Task<ImageIndex> IndexAsync(IObjectStore store, string image)
    {
        Assert.True(ImageReference.TryParse(image, out ImageReference? reference));
        return await ImageCatalog.ReadIndexAsync(store, await new ImageCatalog(store).ResolveAsync(reference, None), None);
    }

    private static async Task<string[]> KeysAsync(IObjectStore store)
    {
        var keys = new List<string>();
        await foreach (StoredObject one in store.ListAsync("", None))
            keys.Add(one.Key);
        return [.. keys.Order(StringComparer.Ordinal)];
    }

    private static async Task HoldsAsync(string path, byte[] content)
    {
        using ILogicalDisk disk = await DiskImage.OpenAsync(path, DiskPolicy.Default, None);
        byte[] found = new byte[content.Length];
        await disk.ReadAsync(0, found, None);
        Assert.True(content.AsSpan().SequenceEqual(found), $"{path} does not hold what was published");
    }

    /// <summary>Breaks off in the middle of a range.</summary>
    private sealed class BreakingSource(IObjectSource whole, int after) : IObjectSource
    {
        public Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken) => whole.ReadAllAsync(key, maximumLength, cancellationToken);

        public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
            whole.ReadRangeAsync(key, offset, destination, cancellationToken);

        public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, ArrivedBytes arrived, CancellationToken cancellationToken) =>
            whole.ReadRangeAsync(
                key,
                offset,
                destination,
                async (count, stop) =>
                {
                    await arrived(count, stop);
                    if (count >= after)
                        throw new StoreException("StoreUnreachable", key, "It broke off.");
                },
                cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Half(CancellationTokenSource stop) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value)
        {
            if (value.Done > value.Total / 2)
                stop.Cancel();
        }
    }
}

public sealed class DirectoryPublishPullTests : PublishPullContract
{
    protected override Task<IObjectStore> OpenAsync() => TestStores.DirectoryAsync(Path.Combine(Scratch, "store"));
}

[NeedsEnvironment("IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
public sealed class S3PublishPullTests : PublishPullContract
{
    private readonly string prefix = $"publish-{Guid.NewGuid():N}";

    protected override Task<IObjectStore> OpenAsync() => TestStores.S3Async(prefix);
}
