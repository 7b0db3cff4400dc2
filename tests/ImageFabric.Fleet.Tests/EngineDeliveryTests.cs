using System.Net;
using System.Net.Sockets;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

/// <summary>The engine comes to a host from the store where it can, and over SSH once otherwise.</summary>
public sealed class EngineDeliveryTests : IDisposable
{
    private const string Echo = """
        name=${request#*'"name":"'}; name=${name%%'"'*}
        echo "{\"type\":\"result\",\"name\":\"$name\"}"
        """;

    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [LinuxTheory("curl")]
    [InlineData("")]
    [InlineData("dd bs=1000 count=1 2>/dev/null |")]
    public async Task A_host_takes_the_engine_from_the_store_and_over_SSH_what_it_does_not_get_whole(string damage)
    {
        LocalEngine engine = LargeEngine();
        using EngineProcess gzip = EngineProcess.Start("sh", ["-c", $"gzip -c '{engine.Path}' | {damage} cat > {_directory["object"]}"], "gzip");
        Assert.Equal(0, await gzip.WaitForExitAsync(default));
        var grants = new Grants(new Uri(_directory["object"]).AbsoluteUri);
        var host = new FakeHost(_directory, wire: "exec tee $HERE/seen");
        var observer = new RecordingObserver();

        Assert.Equal("x", await RunAsync(host, engine, "x", grants, observer));

        string digest = await engine.Upload.Digest;
        Assert.Equal([$"engines/linux-x64/{digest}"], Assert.Single(grants.Demands).Objects!);
        Assert.Equal($"{digest}/imagefabric", Assert.Single(host.Files));
        if (damage.Length == 0)
        {
            Assert.Empty(observer.Progress);
            Assert.InRange(new FileInfo(_directory["seen"]).Length, 1, 10_000);
        }
        else
        {
            Assert.NotEmpty(observer.Progress);
            Assert.Contains(observer.Logs, l => l.Message.Contains("does not get the engine from the store"));
        }

        Assert.Equal("y", await RunAsync(host, engine, "y", grants));
        Assert.Single(grants.Demands);
    }

    [LinuxFact("wget")]
    public async Task A_host_with_wget_alone_takes_the_engine_from_the_store_too()
    {
        Directory.CreateDirectory(_directory["tools"]);
        foreach (string tool in "sh uname id mkdir find mktemp rm cat tr head gzip sha256sum chmod sync mv sleep wget".Split(' '))
            File.CreateSymbolicLink(_directory["tools/" + tool], Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(d => Path.Combine(d, tool)).First(File.Exists));
        LocalEngine engine = LargeEngine();
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        byte[] program = await engine.Upload.Compressed;
        Task serving = ServeAsync(server, program);
        var grants = new Grants($"http://{server.LocalEndpoint}/object?X-Amz-Signature=1&X=2");
        var host = new FakeHost(_directory, "PATH=$HERE/tools");
        var observer = new RecordingObserver();

        Assert.Equal("x", await RunAsync(host, engine, "x", grants, observer));

        await serving.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Empty(observer.Progress);
    }

    [LinuxFact]
    public async Task A_store_that_does_not_take_the_engine_does_not_keep_it_from_the_host()
    {
        var grants = new Grants(null);
        var observer = new RecordingObserver();
        Assert.Equal("x", await RunAsync(new FakeHost(_directory), LargeEngine(), "x", grants, observer));
        Assert.NotEmpty(observer.Progress);
        Assert.Contains(observer.Logs, l => l.Message.Contains("read only"));
    }

    [LinuxFact]
    public async Task Many_first_uses_at_once_send_the_engine_once()
    {
        LocalEngine engine = LargeEngine();
        var host = new FakeHost(_directory, wire: "exec tee -a $HERE/seen");
        string[] names = [.. Enumerable.Range(0, 6).Select(i => "vm" + i)];
        Assert.Equal(names, await Task.WhenAll(names.Select(n => RunAsync(host, engine, n, null))));
        int length = (await engine.Upload.Compressed).Length;
        Assert.InRange(new FileInfo(_directory["seen"]).Length, length, length + 10_000);
    }

    [LinuxFact("curl")]
    public async Task A_cancelled_download_leaves_nothing_on_the_host()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var grants = new Grants($"http://{silent.LocalEndpoint}/object");
        var host = new FakeHost(_directory, "command=\"echo \\$\\$ > $HERE/shell.pid; $command\"");
        using var cancellation = new CancellationTokenSource();
        Task run = RunAsync(host, LargeEngine(), "x", grants, null, cancellation.Token);
        using TcpClient download = await silent.AcceptTcpClientAsync();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await ProcessTable.EndAsync(await _directory.FileAsync("shell.pid"));

        // The other end of the connection has gone, and with it the program that held it.
        var rest = new byte[4096];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await download.GetStream().ReadAsync(rest, patience.Token) > 0)
        {
        }

        Assert.Empty(host.Files);
    }

    private LocalEngine LargeEngine()
    {
        var filler = new byte[1_000_000];
        new Random(1).NextBytes(filler);
        return _directory.Engine(Echo + "\nexit 0\n# " + Convert.ToBase64String(filler));
    }

    private static async Task ServeAsync(TcpListener server, byte[] content)
    {
        using TcpClient client = await server.AcceptTcpClientAsync();
        NetworkStream stream = client.GetStream();
        var request = new byte[4096];
        Assert.NotEqual(0, await stream.ReadAsync(request));
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {content.Length}\r\nConnection: close\r\n\r\n"));
        await stream.WriteAsync(content);
    }

    private static async Task<string?> RunAsync(
        FakeHost host, LocalEngine engine, string name, IGrantSource? grants, IEngineObserver? observer = null, CancellationToken cancellationToken = default)
    {
        string? answer = null;
        await host.Engine(engine).RunAsync<VmResult>(new VmListRequest { Name = name }, r => answer = r.Name, observer, grants, cancellationToken);
        return answer;
    }

    private sealed class Grants(string? url) : IGrantSource
    {
        public List<DemandEvent> Demands { get; } = [];

        public Task<GrantEvent> GrantAsync(DemandEvent demand, CancellationToken cancellationToken)
        {
            Demands.Add(demand);
            return url is null
                ? throw new FleetException("StoreAccessDenied", "store", "The store is read only.")
                : Task.FromResult(new GrantEvent { Objects = [.. demand.Objects!.Select(key => new GrantedObject { Key = key, Url = url })] });
        }
    }
}
