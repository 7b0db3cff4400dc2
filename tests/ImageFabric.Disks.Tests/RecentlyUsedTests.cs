using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Tests;

public sealed class RecentlyUsedTests
{
    private readonly List<long> loaded = [];

    [Fact]
    public async Task A_value_is_loaded_once_and_the_one_not_used_for_longest_is_dropped()
    {
        var values = new RecentlyUsed<string>(2, LoadAsync);
        foreach (long key in new long[] { 1, 1, 2, 1, 3, 1, 2 })
            Assert.Equal($"{key}", await values.GetAsync(key, CancellationToken.None));
        Assert.Equal([1, 2, 3, 2], loaded);
        Assert.True(values.TryGet(1, out string? kept));
        Assert.Equal("1", kept);
        Assert.False(values.TryGet(3, out _));
    }

    [Fact]
    public async Task Those_who_ask_during_a_load_wait_for_it_and_may_give_up_alone()
    {
        var gate = new TaskCompletionSource();
        int loads = 0;
        var values = new RecentlyUsed<string>(2, async (key, _) =>
        {
            loads++;
            await gate.Task;
            return $"{key}";
        });
        using var impatient = new CancellationTokenSource();
        Task<string> first = values.GetAsync(1, impatient.Token).AsTask();
        Task<string> second = values.GetAsync(1, CancellationToken.None).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();
        Assert.Equal("1", await second);
        Assert.Equal(1, loads);
    }

    [Fact]
    public async Task A_load_that_failed_is_tried_again()
    {
        bool broken = true;
        var values = new RecentlyUsed<string>(2, (key, _) => broken ? throw new IOException("broken") : Task.FromResult($"{key}"));
        await Assert.ThrowsAsync<IOException>(() => values.GetAsync(1, CancellationToken.None).AsTask());
        broken = false;
        Assert.Equal("1", await values.GetAsync(1, CancellationToken.None));
    }

    private Task<string> LoadAsync(long key, CancellationToken cancellationToken)
    {
        loaded.Add(key);
        return Task.FromResult($"{key}");
    }
}
