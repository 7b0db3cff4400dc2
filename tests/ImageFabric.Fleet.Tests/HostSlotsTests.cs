namespace ImageFabric.Fleet.Tests;

public sealed class HostSlotsTests
{
    private readonly HostSlots _slots = new(1) { Patience = TimeSpan.FromMilliseconds(20) };

    [Fact]
    public async Task Host_that_does_not_answer_gives_its_slot_up_and_comes_back_before_those_that_wait()
    {
        var sign = new TaskCompletionSource<string?>();
        using HostSlot late = await _slots.TakeAsync(default);
        Task<string?> heard = late.AwaitAsync(sign.Task, default);
        HostSlot second = await _slots.TakeAsync(default);
        Task<HostSlot> third = _slots.TakeAsync(default);
        sign.SetResult("here");
        await Task.Delay(50);
        Assert.False(heard.IsCompleted);

        second.Dispose();
        Assert.Equal("here", await heard);
        Assert.False(third.IsCompleted);
        late.Dispose();
        late.Dispose();
        using HostSlot last = await third;
        Assert.False(_slots.TakeAsync(default).IsCompleted);
    }

    [Fact]
    public async Task Host_that_answers_in_time_keeps_its_slot()
    {
        using HostSlot slot = await _slots.TakeAsync(default);
        Assert.Equal("here", await slot.AwaitAsync(Task.FromResult<string?>("here"), default));
        Assert.False(_slots.TakeAsync(default).IsCompleted);
    }

    [Fact]
    public async Task Host_that_never_answers_fails_without_waiting_for_a_slot()
    {
        var silent = new TaskCompletionSource<string?>();
        var broken = new TaskCompletionSource<string?>();
        using HostSlot first = await _slots.TakeAsync(default);
        Task<string?> nothing = first.AwaitAsync(silent.Task, default);
        using HostSlot second = await _slots.TakeAsync(default);
        Task<string?> failing = second.AwaitAsync(broken.Task, default);
        using HostSlot busy = await _slots.TakeAsync(default);
        silent.SetResult(null);
        broken.SetException(new FleetException("HostUnreachable", "kvm1", "No."));
        Assert.Null(await nothing);
        await Assert.ThrowsAsync<FleetException>(() => failing);
    }

    [Fact]
    public async Task Time_in_which_a_late_host_waits_for_a_slot_is_not_its_own()
    {
        using var ending = new CancellationTokenSource();
        var sign = new TaskCompletionSource<string?>();
        HostSlot late = await _slots.TakeAsync(default);
        late.Limit(ending, TimeSpan.FromSeconds(1));
        Task<string?> heard = late.AwaitAsync(sign.Task, ending.Token);
        HostSlot other = await _slots.TakeAsync(default);
        sign.SetResult("here");
        await Task.Delay(1500);
        Assert.False(ending.IsCancellationRequested);
        other.Dispose();
        Assert.Equal("here", await heard);
        await Task.Delay(1500);
        Assert.True(ending.IsCancellationRequested);
    }

    [Fact]
    public async Task Who_gives_up_waiting_leaves_no_gap_in_the_queue()
    {
        HostSlot held = await _slots.TakeAsync(default);
        using var cancellation = new CancellationTokenSource();
        Task<HostSlot> gone = _slots.TakeAsync(cancellation.Token);
        Task<HostSlot> next = _slots.TakeAsync(default);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        held.Dispose();
        (await next).Dispose();
        using HostSlot last = await _slots.TakeAsync(default);
    }
}
