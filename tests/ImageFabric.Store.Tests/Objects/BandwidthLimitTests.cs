using System.Diagnostics;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

public sealed class BandwidthLimitTests : IDisposable
{
    private readonly DirectoryInfo scratch = Directory.CreateTempSubdirectory();

    public void Dispose() => scratch.Delete(recursive: true);

    [Fact]
    public async Task All_who_move_bytes_share_the_rate()
    {
        var limit = new BandwidthLimit(1_000_000, TimeProvider.System);
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            for (int i = 0; i < 10; i++)
                await limit.SpendAsync(10_000, alive: null, CancellationToken.None);
        }));

        // 1 MB at 1 MB/s, with a tenth of a second of credit.
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.88, 5);
    }

    [Fact]
    public async Task A_long_wait_says_that_it_is_none_of_the_store_s()
    {
        var limit = new BandwidthLimit(BandwidthLimit.Slowest, TimeProvider.System);
        int said = 0;
        await limit.SpendAsync((int)(BandwidthLimit.Slowest * 2.5), () => said++, CancellationToken.None);
        Assert.InRange(said, 2, 4);
    }

    [Fact]
    public async Task A_wait_can_be_called_off()
    {
        var limit = new BandwidthLimit(BandwidthLimit.Slowest, TimeProvider.System);
        using var stop = new CancellationTokenSource(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await limit.SpendAsync(100 * 1024 * 1024, alive: null, stop.Token));
    }

    [Fact]
    public async Task A_directory_is_written_and_read_at_the_rate()
    {
        byte[] content = new byte[3_000_000];
        new Random(1).NextBytes(content);
        var location = new ObjectStoreLocation { Uri = scratch.FullName, BytesPerSecond = 2_000_000 };
        await using IObjectStore store = await ObjectStores.OpenAsync(location, create: true, CancellationToken.None);
        long start = Stopwatch.GetTimestamp();
        await store.PutAsync("a/b", content, PutMode.Replace, CancellationToken.None);
        byte[] read = new byte[content.Length];
        await store.ReadRangeAsync("a/b", 0, read, CancellationToken.None);
        Assert.Equal(content, read);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 2.7, 15);
    }

    [Fact]
    public async Task A_rate_that_services_would_take_for_silence_is_refused()
    {
        var location = new ObjectStoreLocation { Uri = scratch.FullName, BytesPerSecond = 1000 };
        Assert.Equal("InvalidRequest", (await Assert.ThrowsAsync<StoreException>(() => ObjectStores.OpenAsync(location, create: true, CancellationToken.None))).Id);
    }
}
