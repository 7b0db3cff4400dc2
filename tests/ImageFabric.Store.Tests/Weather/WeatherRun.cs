using System.Collections.Concurrent;
using System.Text.Json;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Deltas;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Pull;
using ImageFabric.Store.Tests.Faults;
using ImageFabric.Store.Tests.Publish;
using ImageFabric.Store.Verify;

namespace ImageFabric.Store.Tests.Weather;

/// <summary>
/// One schedule out of a seed: machines that publish, pull, remove and clean at the same time, with clocks that differ by minutes, are killed, and
/// talk to the store through bad weather. At every look and at the end the store must keep its promises.
/// </summary>
internal sealed class WeatherRun(int seed, string scratch, WeatherTally tally) : IAsyncDisposable
{
    private static readonly RetryPolicy Patience = new()
    {
        Patience = TimeSpan.FromSeconds(4),
        FirstDelay = TimeSpan.FromMilliseconds(5),
        LongestDelay = TimeSpan.FromMilliseconds(50),
        Stall = TimeSpan.FromMilliseconds(400),
    };

    private static readonly string[] Names = ["a", "b", "c"];

    private readonly WorldClock clock = new();
    private readonly StoreWeather weather = new(seed);
    private readonly ConcurrentDictionary<ImageReference, Version> versions = new();
    private readonly ConcurrentQueue<string> story = new();
    private readonly CancellationTokenSource end = new();
    private ObjectServer? server;
    private FaultProxy? proxy;

    /// <summary>What happened, for whoever has to find out why.</summary>
    public string Story => string.Join('\n', story);

    public async Task RunAsync()
    {
        var random = new Random(seed);
        server = new ObjectServer { Now = clock.StoreNow, PageLength = random.Next(2, 40) };
        proxy = new FaultProxy(server.Address) { Weather = weather.Next };
        await using (IObjectStore calm = await OpenAsync(server.Address))
            await RepositoryDescription.OpenOrCreateAsync(calm, CancellationToken.None);

        Task time = PassTimeAsync(random.Next());
        Task[] machines =
        [
            .. Enumerable.Range(0, 2).Select(_ => MachineAsync(random.Next(), 10, PublishAsync)),
            .. Enumerable.Range(0, 2).Select(_ => MachineAsync(random.Next(), 14, CollectAsync)),
            MachineAsync(random.Next(), 20, RemoveAsync),
            MachineAsync(random.Next(), 5, PullAsync),
            MachineAsync(random.Next(), 5, RevokeAsync),
        ];
        await Task.WhenAll(machines);
        await end.CancelAsync();
        await time;
        await ClearUpAsync(random.Next());
    }

    public async ValueTask DisposeAsync()
    {
        if (proxy is not null)
            await proxy.DisposeAsync();
        if (server is not null)
            await server.DisposeAsync();
        end.Dispose();
    }

    /// <summary>The one content that a version can have. Versions of one name have much in common, and every third has the same: what one leaves behind, the next would have again.</summary>
    private static byte[] ContentOf(ImageReference image)
    {
        int number = int.Parse(image.Version!) % 3;
        byte[] content = MemoryDisk.Sample(image.Name[0], 400_000 + (50_000 * (image.Name[0] - 'a')));
        var random = new Random(image.Name[0]);
        for (int v = 0; v <= number; v++)
        {
            int at = random.Next(content.Length);
            int length = Math.Min(random.Next(10_000, 150_000), content.Length - at);
            switch (random.Next(4))
            {
                case 0:
                    content.AsSpan(at, length).Clear();
                    break;
                case 1:
                    // A file that grew by a byte: no chunk of it is the same, and all of it is there.
                    content.AsSpan(at, length - 1).CopyTo(content.AsSpan(at + 1));
                    break;
                default:
                    random.NextBytes(content.AsSpan(at, length));
                    break;
            }
        }

        content[^1] = 1;
        return content;
    }

    private static bool Holds(byte[] found, ImageReference image) => found.AsSpan().SequenceEqual(ContentOf(image));

    private async Task MachineAsync(int own, int rounds, Func<Random, CancellationToken, bool, Task> work)
    {
        var random = new Random(own);
        for (int round = 0; round < rounds; round++)
        {
            await Task.Delay(random.Next(40));
            bool killed = random.Next(4) == 0;
            using var kill = new CancellationTokenSource();
            if (killed)
                kill.CancelAfter(random.Next(1, 250));
            try
            {
                await work(random, kill.Token, killed);
            }
            catch (OperationCanceledException) when (killed)
            {
                story.Enqueue("  killed");
                tally.Add("kills");
            }
            catch (StoreException told) when (told.Id != "ImageExists")
            {
                // An operation may fail in such weather, as long as it says so.
                story.Enqueue($"  {told.Id}: {told.Message}");
                tally.Add(told.Id);
            }
        }
    }

    private async Task PublishAsync(Random random, CancellationToken kill, bool killed)
    {
        // A new version, or one that another may be publishing too, or was killed at; never one that was asked to go.
        ImageReference image = new(Names[random.Next(Names.Length)], random.Next(30).ToString());
        Version version = versions.GetOrAdd(image, static _ => new Version());
        if (!version.TryBeginPublish())
            return;
        try
        {
            story.Enqueue($"publish {image}");
            await using IObjectStore store = new PromptStore(await OpenAsync(proxy!.Address), clock, promptPublisher: killed);
            var disk = new MemoryDisk(ContentOf(image)) { BeforeRead = _ => Thread.Sleep(random.Next(3)) };
            PublishOutcome outcome = await ImagePublisher.RunAsync(store, disk, new PublishOptions(image), kill);
            version.Published = true;
            tally.Add("publishes");
            story.Enqueue($"published {image}");
            if (random.Next(2) == 0)
                await MakeDeltaAsync(store, outcome.Manifest, kill);
        }
        finally
        {
            version.EndPublish();
        }
    }

    private async Task MakeDeltaAsync(IObjectStore store, Manifest to, CancellationToken kill)
    {
        IReadOnlyList<Manifest> relatives = await new ImageCatalog(store).ListAsync(to.Name, static _ => { }, kill);
        if (relatives.FirstOrDefault(m => m.ImageId != to.ImageId) is not { } from)
            return;
        long bytes = await DeltaPublisher.RunAsync(store, from, to, 1, null, kill);
        story.Enqueue($"delta from {from.Version} to {to.Name}:{to.Version}, {bytes} bytes");
        tally.Add("deltas", bytes > 0 ? 1 : 0);
    }

    private async Task RemoveAsync(Random random, CancellationToken kill, bool killed)
    {
        ImageReference[] candidates = [.. versions.Where(v => v.Value.Published).Select(v => v.Key).OrderBy(i => i.ToString(), StringComparer.Ordinal)];
        if (candidates.Length == 0 || candidates[random.Next(candidates.Length)] is not { } image || !versions[image].TryBeginRemove())
            return;
        story.Enqueue($"remove {image}");
        await using IObjectStore store = await OpenAsync(proxy!.Address);
        await new ImageCatalog(store).RemoveAsync(image, kill);
        versions[image].Removed = true;
        tally.Add("removals");
        story.Enqueue($"removed {image}");
    }

    private async Task CollectAsync(Random random, CancellationToken kill, bool killed)
    {
        var options = new CollectOptions
        {
            Grace = TimeSpan.FromHours(random.Next(1, 4)),
            RepackBelowPercent = random.Next(3) == 0 ? 90 : 50,
            Time = clock.Of(TimeSpan.FromMinutes(random.Next(-12, 13))),
        };
        story.Enqueue($"clean, {options.Grace}");
        await using IObjectStore store = new PromptStore(await OpenAsync(proxy!.Address), clock, promptPublisher: true);
        CollectReport report = await GarbageCollector.RunAsync(store, options, kill);
        story.Enqueue($"cleaned: {report}");
        tally.Add("objects marked", report.Marked.Count);
        tally.Add("objects deleted", report.Deleted.Count);
        tally.Add("objects spared", report.Spared.Count);
        tally.Add("packs written anew", report.Repacked.Count);
        tally.Add("images rewritten", report.ImagesRewritten);
    }

    private async Task PullAsync(Random random, CancellationToken kill, bool killed)
    {
        await using IObjectStore store = await OpenAsync(proxy!.Address);
        IReadOnlyList<Manifest> images = await new ImageCatalog(store).ListAsync(null, static _ => { }, kill);
        if (images.Count == 0)
            return;
        Manifest manifest = images[random.Next(images.Count)];
        var image = new ImageReference(manifest.Name, manifest.Version);
        string path = Path.Combine(scratch, $"{Guid.NewGuid():N}");
        story.Enqueue($"pull {image}");
        await using GrantedObjectSource host = new(
            (keys, _) => Task.FromResult<IReadOnlyDictionary<string, Uri>>(keys.ToDictionary(k => k, k => server!.Grant($"bucket/store/{k}", proxy!.Address), StringComparer.Ordinal)), Patience);
        try
        {
            ImageIndex index = await ImageCatalog.ReadIndexAsync(host, manifest, kill);
            await ImagePull.RunAsync(host, index, path, await SeedsAsync(store, index, image, path + ".seed", kill), kill);
            if (!Holds(await File.ReadAllBytesAsync(path, CancellationToken.None), image))
                throw new InvalidOperationException($"{image} was pulled and is not what was published.");
            tally.Add("pulls");
        }
        finally
        {
            File.Delete(path);
            File.Delete(path + ".seed");
        }
    }

    // A host that has another version of the image, if there is a delta from it.
    private async Task<PullOptions> SeedsAsync(IObjectStore store, ImageIndex index, ImageReference image, string seed, CancellationToken kill)
    {
        IReadOnlyList<PullDelta> deltas = await StoredDeltas.ListAsync(store, index.ImageId, kill);
        if (deltas.Count == 0)
            return new PullOptions();
        IReadOnlyList<Manifest> relatives = await new ImageCatalog(store).ListAsync(image.Name, static _ => { }, kill);
        if (relatives.FirstOrDefault(m => m.ImageId == deltas[0].From.ToString()) is not { } from)
            return new PullOptions();
        await File.WriteAllBytesAsync(seed, ContentOf(new ImageReference(from.Name, from.Version)), CancellationToken.None);
        tally.Add("pulls where a delta leads from what is there");
        return new PullOptions { Seeds = [new(seed, null)], Deltas = deltas, Notice = story.Enqueue };
    }

    private async Task RevokeAsync(Random random, CancellationToken kill, bool killed)
    {
        server!.RevokeGrants();
        if (random.Next(10) == 0)
        {
            await proxy!.DownAsync();
            await Task.Delay(random.Next(100), CancellationToken.None);
            proxy.Up();
        }

        await LookAsync();
    }

    /// <summary>A reader without weather: whatever it sees is whole, and what was published and nobody removed is seen.</summary>
    private async Task LookAsync()
    {
        ImageReference[] expected = [.. versions.Where(v => v.Value.IsKept).Select(v => v.Key)];
        ImageReference[] gone = [.. versions.Where(v => v.Value.Removed).Select(v => v.Key)];
        await using IObjectStore store = await OpenAsync(server!.Address);
        IReadOnlyList<Manifest> visible = await new ImageCatalog(store).ListAsync(null, null, CancellationToken.None);
        foreach (ImageReference image in expected.Where(v => !versions[v].IsGoing))
        {
            if (!visible.Any(m => m.Name == image.Name && m.Version == image.Version))
                throw new InvalidOperationException($"{image} was published, nobody removed it, and it is not there.");
        }

        foreach (ImageReference image in gone)
        {
            if (visible.Any(m => m.Name == image.Name && m.Version == image.Version))
                throw new InvalidOperationException($"{image} was removed, and it is there again.");
        }

        foreach (Manifest manifest in visible)
        {
            var image = new ImageReference(manifest.Name, manifest.Version);
            try
            {
                await ImageVerifier.RunAsync(store, manifest, null, CancellationToken.None);
            }
            catch (StoreException broken)
            {
                // Removed or named anew since it was listed, and so long ago that its data may go: then it is not what a reader sees now.
                Manifest? now = await new ImageCatalog(store).TryReadAsync(ObjectKeys.Manifest(image.Name, image.Version!), CancellationToken.None);
                if (now?.Index == manifest.Index)
                    throw new InvalidOperationException($"{image} can be seen and is not whole: {broken.Id}, {broken.Message}", broken);
            }
        }
    }

    private async Task PassTimeAsync(int own)
    {
        var random = new Random(own);
        while (!end.IsCancellationRequested)
        {
            await Task.Delay(random.Next(2, 10), end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            clock.Pass(TimeSpan.FromMinutes(random.Next(1, 9)));
        }
    }

    /// <summary>After the weather: a last publish, and cleaning until there is nothing to clean.</summary>
    private async Task ClearUpAsync(int own)
    {
        weather.Over = true;
        await LookAsync();
        await using IObjectStore store = await OpenAsync(server!.Address);
        ImageReference last = new(Names[own % Names.Length], "99");
        await ImagePublisher.RunAsync(store, new MemoryDisk(ContentOf(last)), new PublishOptions(last), CancellationToken.None);
        versions[last] = new Version { Published = true };
        // At most: a mark is withdrawn, it goes, its pack is written anew and marked, it is deleted, its mark goes.
        for (int run = 0; run < 7; run++)
        {
            clock.Pass(TimeSpan.FromHours(4));
            CollectReport report = await GarbageCollector.RunAsync(store, new CollectOptions { Grace = TimeSpan.FromHours(3), Time = clock.Of(TimeSpan.Zero) }, CancellationToken.None);
            story.Enqueue($"cleaned up: {report}");
            tally.Add("objects deleted at the end", report.Deleted.Count);
        }

        await LookAsync();
        var needed = new HashSet<string>(StringComparer.Ordinal) { ObjectKeys.Repository };
        var images = new HashSet<ImageId>();
        foreach (Manifest manifest in await new ImageCatalog(store).ListAsync(null, null, CancellationToken.None))
        {
            ImageIndex index = await ImageCatalog.ReadIndexAsync(store, manifest, CancellationToken.None);
            images.Add(index.ImageId);
            needed.UnionWith([ObjectKeys.Manifest(manifest.Name, manifest.Version), manifest.Index, .. Enumerable.Range(0, index.PackCount).Select(index.PackKey)]);
            string path = Path.Combine(scratch, "last");
            await ImagePull.RunAsync(store, index, path, new PullOptions(), CancellationToken.None);
            if (!Holds(await File.ReadAllBytesAsync(path), new ImageReference(manifest.Name, manifest.Version)))
                throw new InvalidOperationException($"{manifest.Name}:{manifest.Version} is not what was published.");
            File.Delete(path);
        }

        var left = new List<string>();
        await foreach (StoredObject one in store.ListAsync("", CancellationToken.None))
        {
            if (ObjectKeys.ImagesOfDelta(one.Key) is not { } delta || !images.Contains(delta.To))
                left.Add(one.Key);
        }

        string[] orphans = [.. left.Except(needed, StringComparer.Ordinal)];
        if (orphans.Length > 0)
            throw new InvalidOperationException($"Left behind: {JsonSerializer.Serialize(orphans)}");
    }

    private static async Task<IObjectStore> OpenAsync(Uri endpoint) => await S3ObjectStore.OpenAsync(
        new ObjectStoreLocation { Uri = "s3://bucket/store", Endpoint = endpoint.ToString(), AccessKey = "anyone", SecretKey = "anything" }, create: false, Patience, Patience, CancellationToken.None);

    /// <summary>What is known of a version: one that was asked to go is never published again, so that it can be seen whether it stays away.</summary>
    private sealed class Version
    {
        private readonly Lock gate = new();
        private int publishers;
        private bool going;

        public bool Published { get; set; }

        public bool Removed { get; set; }

        public bool IsGoing => going;

        public bool IsKept => Published && !going;

        public bool TryBeginPublish()
        {
            lock (gate)
            {
                if (going)
                    return false;
                publishers++;
                return true;
            }
        }

        public void EndPublish()
        {
            lock (gate)
                publishers--;
        }

        public bool TryBeginRemove()
        {
            lock (gate)
            {
                if (publishers > 0)
                    return false;
                going = true;
                return true;
            }
        }
    }
}
