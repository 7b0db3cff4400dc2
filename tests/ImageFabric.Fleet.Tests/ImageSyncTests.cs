using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

public sealed class ImageSyncTests : IDisposable
{
    // Grants in the order asked, each address made of the key, and no engine; pulls by one demand.
    private const string GrantPart = """
        echo $$ >> $HERE/grant.pid
        echo '{"type":"result","name":"ubuntu","version":"24.04.3","imageId":"sha256:1","index":"indexes/1"}'
        while read -r demand; do
          key=${demand#*'["'}; key=${key%%'"'*}
          case $key in engines*) echo '{"type":"error","id":"StoreAccessDenied","message":"Read only."}'; continue;; esac
          echo "{\"type\":\"grant\",\"objects\":[{\"key\":\"$key\",\"url\":\"http://store/$key\"}]}"
        done
        """;

    private const string PullPart = """
        key=packs/$$
        echo "{\"type\":\"demand\",\"objects\":[\"$key\"]}"
        read -r grant
        case "$grant" in *"http:\\/\\/store\\/packs\\/$$\""*) ;; *) echo "mixed up: $grant" >&2; exit 3;; esac
        echo '{"type":"result","imageId":"sha256:1","status":"Synced","bytesFetched":10,"bytesReused":20,"path":"/images/a.raw","format":"raw"}'
        """;

    private readonly TestDirectory _directory = new();

    [LinuxFact]
    public async Task Every_host_gets_its_own_grants_from_the_one_engine_that_grants()
    {
        var host = new FakeHost(_directory);
        using ImageSync sync = Sync(host, GrantPart, PullPart, new ImageSyncOptions { Throttle = 6 });
        HostSyncResult[] results = await Task.WhenAll(Enumerable.Range(1, 12).Select(i => sync.SyncAsync(HostAddress.Parse("kvm" + i), null, default)));
        Assert.All(results, r => Assert.Null(r.Error?.Message));
        HostSyncResult first = results[0];
        Assert.Equal(
            ("kvm1", "ubuntu:24.04.3", "sha256:1", "Synced", 10, 20, "/images/a.raw", "raw"),
            (first.Host, first.Image, first.ImageId, first.Status, first.BytesFetched, first.BytesReused, first.Path, first.Format));
        Assert.True(first.Duration > TimeSpan.Zero);
        Assert.Equal(Enumerable.Range(1, 12).Select(i => "kvm" + i), results.Select(r => r.Host));
        Assert.Single(File.ReadAllLines(_directory["grant.pid"]));
    }

    [LinuxFact]
    public async Task The_pull_gets_what_the_store_said_and_what_the_user_asked_for()
    {
        var options = new ImageSyncOptions { Format = "qcow2", ImageDirectory = "/images" };
        using ImageSync sync = Sync(new FakeHost(_directory), GrantPart, "echo \"$request\" > $HERE/pull\n" + PullPart, options);
        Assert.Null((await sync.SyncAsync(HostAddress.Parse("kvm1"), null, default)).Error?.Message);
        PullRequest request = ProtocolJson.Deserialize<PullRequest>(await _directory.FileAsync("pull"));
        Assert.Equal(
            ("ubuntu", "24.04.3", "indexes/1", "qcow2", "/images"),
            (request.Image!.Name, request.Image.Version, request.Image.Index, request.Format, request.ImageDirectory));
    }

    [LinuxFact]
    public async Task No_secret_of_the_store_reaches_a_host()
    {
        var host = new FakeHost(_directory, wire: "exec tee $HERE/seen");
        LocalEngine engine = Engine(GrantPart, PullPart);
        using var sync = new ImageSync(engine, new StoreReference { Uri = "s3://b", AccessKey = "AKIA-secret", SecretKey = "very-secret" }, "ubuntu", new(), host.SshPath);
        Assert.Null((await sync.SyncAsync(HostAddress.Parse("kvm1"), null, default)).Error?.Message);
        string wire = File.ReadAllText(_directory["seen"], System.Text.Encoding.Latin1) + File.ReadAllText(_directory["calls"]);
        Assert.Contains("\"operation\":\"pull\"", wire);
        Assert.DoesNotContain("secret", wire);
    }

    [LinuxFact]
    public async Task No_more_hosts_work_at_once_than_the_throttle_allows()
    {
        const string Counting = """
            mkdir -p $HERE/now; : > $HERE/now/$$; ls $HERE/now | wc -l >> $HERE/counts; sleep 0.1; rm $HERE/now/$$
            """;
        using ImageSync sync = Sync(new FakeHost(_directory), GrantPart, Counting + "\n" + PullPart, new ImageSyncOptions { Throttle = 3 });
        HostSyncResult[] results = await Task.WhenAll(Enumerable.Range(1, 9).Select(i => sync.SyncAsync(HostAddress.Parse("kvm" + i), null, default)));
        Assert.All(results, r => Assert.Equal("Synced", r.Status));
        Assert.InRange(File.ReadAllLines(_directory["counts"]).Max(int.Parse), 1, 3);
    }

    [LinuxFact]
    public async Task A_host_that_fails_fails_alone()
    {
        var host = new FakeHost(_directory, "case \"$*\" in *' kvm2 '*) echo 'ssh: connect to host kvm2 port 22: No route to host' >&2; exit 255;; esac");
        using ImageSync sync = Sync(host, GrantPart, PullPart, new());
        HostSyncResult[] results = await Task.WhenAll(Enumerable.Range(1, 3).Select(i => sync.SyncAsync(HostAddress.Parse("kvm" + i), null, default)));
        Assert.Equal(["Synced", "Failed", "Synced"], results.Select(r => r.Status));
        Assert.Equal(("HostUnreachable", "kvm2", null, 0), (results[1].Error!.Id, results[1].Error!.Target, results[1].Path, results[1].BytesFetched));
    }

    [LinuxFact]
    public async Task A_host_that_does_not_answer_holds_no_others()
    {
        var host = new FakeHost(_directory, "case \"$*\" in *' dead '*) until test -e $HERE/over; do sleep 0.1; done; echo 'ssh: connect to host dead port 22: Connection timed out' >&2; exit 255;; esac");
        using ImageSync sync = Sync(host, GrantPart, PullPart, new ImageSyncOptions { Throttle = 1 });
        Task<HostSyncResult> dead = sync.SyncAsync(HostAddress.Parse("dead"), null, default);
        HostSyncResult[] results = await Task.WhenAll(Enumerable.Range(1, 2).Select(i => sync.SyncAsync(HostAddress.Parse("kvm" + i), null, default)));
        Assert.All(results, r => Assert.Equal("Synced", r.Status));
        Assert.False(dead.IsCompleted);
        await File.WriteAllTextAsync(_directory["over"], "");
        Assert.Equal("HostUnreachable", (await dead).Error?.Id);
    }

    [LinuxFact]
    public async Task A_host_that_takes_too_long_is_stopped_and_said_so()
    {
        using ImageSync sync = Sync(new FakeHost(_directory), GrantPart, "read -r more; echo over > $HERE/over", new ImageSyncOptions { Timeout = TimeSpan.FromSeconds(5) });
        HostSyncResult result = await sync.SyncAsync(HostAddress.Parse("kvm1"), null, default);
        Assert.Equal(("Failed", "HostTimeout"), (result.Status, result.Error?.Id));
        Assert.False(ProcessTable.IsAlive(await _directory.FileAsync("ssh.pid")));
        Assert.True(File.Exists(_directory["over"]));
    }

    [LinuxFact]
    public async Task A_host_whose_engine_says_nothing_has_failed()
    {
        using ImageSync sync = Sync(new FakeHost(_directory), GrantPart, "exit 0", new());
        Assert.Equal("EngineFailed", (await sync.SyncAsync(HostAddress.Parse("kvm1"), null, default)).Error?.Id);
    }

    [LinuxFact]
    public async Task An_image_that_the_store_does_not_have_is_thrown_and_no_host_is_reached()
    {
        const string NoImage = """echo '{"type":"error","id":"ImageNotFound","category":"ObjectNotFound","message":"No.","target":"ubuntu"}'; exit 1""";
        using ImageSync sync = Sync(new FakeHost(_directory), NoImage, PullPart, new());
        for (int i = 0; i < 2; i++)
            Assert.Equal("ImageNotFound", (await Assert.ThrowsAsync<FleetException>(() => sync.SyncAsync(HostAddress.Parse("kvm1"), null, default))).Error.Id);
        Assert.Equal("ImageNotFound", (await Assert.ThrowsAsync<FleetException>(() => sync.ResolveAsync(default))).Error.Id);
        Assert.False(File.Exists(_directory["calls"]));
    }

    [LinuxTheory]
    [InlineData("echo broken >&2; exit 1", "broken")]
    [InlineData("echo nonsense", "nonsense")]
    public async Task An_engine_that_cannot_grant_at_all_is_thrown(string grantPart, string words)
    {
        using ImageSync sync = Sync(new FakeHost(_directory), grantPart, PullPart, new());
        var thrown = await Assert.ThrowsAsync<FleetException>(() => sync.ResolveAsync(default));
        Assert.Equal("EngineFailed", thrown.Error.Id);
        Assert.Contains(words, thrown.Message);
    }

    [LinuxFact]
    public async Task A_demand_that_the_store_refuses_fails_that_host_and_not_the_next()
    {
        const string RefusesFirst = """
            echo '{"type":"result","name":"ubuntu","version":"1","imageId":"sha256:1"}'
            for i in engine pack; do read -r demand; echo '{"type":"error","id":"ObjectMissing","category":"ObjectNotFound","message":"Gone.","target":"packs/1"}'; done
            """;
        using ImageSync sync = Sync(new FakeHost(_directory), RefusesFirst + "\n" + GrantPart, PullPart, new());
        Assert.Equal("ObjectMissing", (await sync.SyncAsync(HostAddress.Parse("kvm1"), null, default)).Error?.Id);
        Assert.Null((await sync.SyncAsync(HostAddress.Parse("kvm2"), null, default)).Error?.Message);
    }

    [LinuxFact]
    public async Task When_the_engine_that_grants_dies_no_host_waits_for_ever()
    {
        const string DiesAsked = """
            echo '{"type":"result","name":"ubuntu","version":"1","imageId":"sha256:1"}'
            read -r demand; echo 'killed by the kernel' >&2; exit 1
            """;
        using ImageSync sync = Sync(new FakeHost(_directory), DiesAsked, PullPart, new());
        HostSyncResult[] results = await Task.WhenAll(Enumerable.Range(1, 3).Select(i => sync.SyncAsync(HostAddress.Parse("kvm" + i), null, default)));
        Assert.All(results, r => Assert.Equal("EngineFailed", r.Error?.Id));
        Assert.All(results, r => Assert.Contains("killed by the kernel", r.Error?.Message));
    }

    [LinuxFact]
    public async Task Cancelling_throws_and_leaves_no_process()
    {
        var host = new FakeHost(_directory);
        using var cancellation = new CancellationTokenSource();
        using (ImageSync sync = Sync(host, GrantPart, "echo $$ > $HERE/pull.pid; read -r more", new()))
        {
            Task<HostSyncResult> working = sync.SyncAsync(HostAddress.Parse("kvm1"), null, cancellation.Token);
            await _directory.FileAsync("pull.pid");
            cancellation.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => working);
        }

        Assert.False(ProcessTable.IsAlive(await _directory.FileAsync("ssh.pid")));
        Assert.False(ProcessTable.IsAlive(await _directory.FileAsync("grant.pid")));
        await ProcessTable.EndAsync(await _directory.FileAsync("pull.pid"));
    }

    [LinuxFact]
    public async Task Ending_the_sync_ends_an_engine_that_does_not_want_to()
    {
        ImageSync sync = Sync(new FakeHost(_directory), "echo $$ > $HERE/grant.pid; echo '{\"type\":\"result\",\"name\":\"a\",\"version\":\"1\"}'; exec sleep 600", PullPart, new());
        await sync.ResolveAsync(default);
        sync.Dispose();
        sync.Dispose();
        Assert.False(ProcessTable.IsAlive(await _directory.FileAsync("grant.pid")));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => sync.ResolveAsync(default));
    }

    [Fact]
    public void Options_that_let_nothing_happen_are_refused()
    {
        var engine = new LocalEngine("engine");
        foreach (ImageSyncOptions options in new ImageSyncOptions[] { new() { Throttle = 0 }, new() { Timeout = TimeSpan.Zero }, new() { Timeout = TimeSpan.MaxValue } })
            Assert.Equal("InvalidRequest", Assert.Throws<FleetException>(() => new ImageSync(engine, null, "a", options)).Error.Id);
    }

    public void Dispose() => _directory.Dispose();

    private ImageSync Sync(FakeHost host, string grantPart, string pullPart, ImageSyncOptions options) =>
        new(Engine(grantPart, pullPart), null, "ubuntu", options, host.SshPath);

    private LocalEngine Engine(string grantPart, string pullPart) =>
        _directory.Engine($"case \"$request\" in *'\"operation\":\"grant\"'*)\n{grantPart}\n;; *)\n{pullPart}\n;; esac");
}
