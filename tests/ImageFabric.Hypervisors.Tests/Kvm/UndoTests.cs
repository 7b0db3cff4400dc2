using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.Kvm;

public sealed class UndoTests : IDisposable
{
    private static readonly string[] Steps =
        ["capabilities", "domcapabilities", "net-list", "list", "create", "convert", "resize", "define", "start", "domifaddr"];

    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    // That no source knows an address is no failure, so domifaddr is only for cancellation.
    public static TheoryData<string, string> FailingSteps => BeforeAndAfter(Steps.Where(step => step != "domifaddr"));

    public static TheoryData<string, string> HangingSteps => BeforeAndAfter(Steps);

    [ToolTheory("bash")]
    [MemberData(nameof(FailingSteps))]
    public async Task A_failure_of_any_step_leaves_nothing_and_is_told_in_the_tools_own_words(string when, string step)
    {
        _host.Set($"{when}-{step}", "the tool's own words");
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => CreateAsync(step));
        Assert.Equal("HypervisorFailed", e.Id);
        Assert.EndsWith($"{step}: the tool's own words", e.Message, StringComparison.Ordinal);
        Assert.True(_host.Ran(step));
        _host.AssertNothingLeft();
    }

    [ToolTheory("bash")]
    [MemberData(nameof(HangingSteps))]
    public async Task A_cancellation_in_any_step_leaves_nothing(string when, string step)
    {
        _host.Set($"{when}-{step}", "hang");
        using var cancel = new CancellationTokenSource();
        Task<VmResult> creation = CreateAsync(step, cancel.Token);
        while (!_host.Ran(step) && !creation.IsCompleted)
            await Task.Delay(5);
        // What comes after the step's effect can only be told by that: a moment to have it.
        await Task.Delay(when == "after" ? 100 : 0);
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => creation);
        _host.AssertNothingLeft();
    }

    [ToolTheory("bash")]
    [InlineData("define", "undefine")]
    [InlineData("start", "destroy", "undefine")]
    public async Task What_was_made_is_taken_back_in_reverse(string failed, params string[] expected)
    {
        _host.Set($"after-{failed}", "no");
        await Assert.ThrowsAsync<HypervisorException>(() => CreateAsync(failed));
        Assert.Equal(expected, _host.Log.Select(line => line.Split(' ')[0]).Where(command => command is "destroy" or "undefine"));
    }

    [ToolFact("bash")]
    public async Task A_domain_that_was_not_made_is_not_undone()
    {
        _host.Set("before-define", "no");
        await Assert.ThrowsAsync<HypervisorException>(() => CreateAsync("define"));
        Assert.False(_host.Ran("undefine"));
        Assert.False(_host.Ran("destroy"));
    }

    [ToolFact("bash")]
    public async Task A_step_of_undoing_that_fails_does_not_keep_the_others_from_being_done_and_is_told()
    {
        _host.Set("after-start", "the start's own words");
        _host.Set("before-destroy", "the destroy's own words");
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => CreateAsync("start"));
        Assert.Equal(("HypervisorFailed", "web01"), (e.Id, e.Target));
        Assert.Contains("the start's own words", e.Message, StringComparison.Ordinal);
        Assert.Contains("power the machine off: virsh destroy: the destroy's own words", e.Message, StringComparison.Ordinal);
        Assert.Equal(["undefine"], _host.Log.Select(line => line.Split(' ')[0]).Where(command => command == "undefine"));
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_cancellation_that_cannot_be_undone_is_an_error_and_the_rest_can_be_removed_later()
    {
        _host.Set("after-start", "hang");
        _host.Set("before-undefine", "not now");
        using var cancel = new CancellationTokenSource();
        Task<VmResult> creation = CreateAsync("start", cancel.Token);
        while (!_host.Ran("start") && !creation.IsCompleted)
            await Task.Delay(5);
        await cancel.CancelAsync();
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => creation);
        Assert.Contains("was cancelled", e.Message, StringComparison.Ordinal);
        Assert.Contains("undefine the domain: virsh undefine: not now", e.Message, StringComparison.Ordinal);
        Assert.Equal(["web01"], _host.Domains);

        _host.Unset("before-undefine");
        await _host.Hypervisor.RemoveAsync("web01", force: true, CancellationToken.None);
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task A_full_file_system_is_told_as_such()
    {
        _host.Set("before-create", "/x/disk.qcow2: error while writing: No space left on device");
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => CreateAsync("create"));
        Assert.Equal("HostDiskFull", e.Id);
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task An_image_directory_that_is_a_file_is_an_error_of_writing()
    {
        File.WriteAllText(Path.Combine(_host.ImageDirectory, "vms"), "");
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => CreateAsync("create"));
        Assert.Equal("HostWriteFailed", e.Id);
        Assert.Empty(_host.Domains);
    }

    [ToolFact("bash")]
    public async Task A_libvirt_that_does_not_answer_is_told_as_such()
    {
        _host.Set("before-capabilities", "failed to connect to the hypervisor\nerror: Failed to connect socket to '/run/libvirt/libvirt-sock'");
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => CreateAsync("capabilities"));
        Assert.Equal("HypervisorUnavailable", e.Id);
        Assert.Contains("libvirt-sock", e.Message, StringComparison.Ordinal);
    }

    private static TheoryData<string, string> BeforeAndAfter(IEnumerable<string> steps)
    {
        var data = new TheoryData<string, string>();
        foreach (string step in steps)
        {
            data.Add("before", step);
            data.Add("after", step);
        }
        return data;
    }

    private Task<VmResult> CreateAsync(string step, CancellationToken ct = default) => _host.CreateAsync(
        "web01", r => (r.Start, r.WaitSeconds, r.DiskSizeBytes, r.FullClone) = (true, 60, 4194304, step is "convert" or "resize"), ct);
}
