using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ImageFabric.Engine.Tests.Support;

/// <summary>A door of a test's own to the testbed's store, which can be shut without shutting it for others.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly Uri store;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource shut = new();
    private readonly ConcurrentBag<Task> connections = [];
    private readonly Task accepting;

    private Relay(Uri store)
    {
        this.store = store;
        listener.Start();
        Endpoint = $"http://{listener.LocalEndpoint}";
        accepting = AcceptAsync();
    }

    /// <summary>Where the store is reached through it.</summary>
    public string Endpoint { get; }

    public static Relay Open() => new(new Uri(Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT")!));

    /// <summary>Breaks all connections off, and refuses new ones.</summary>
    public async Task ShutAsync()
    {
        await shut.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await ShutAsync();
        shut.Dispose();
        listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
            connections.Add(PassAsync(await listener.AcceptTcpClientAsync(shut.Token)));
    }

    private async Task PassAsync(TcpClient accepted)
    {
        using TcpClient caller = accepted;
        using var service = new TcpClient();
        await service.ConnectAsync(store.Host, store.Port, shut.Token);
        using NetworkStream here = caller.GetStream();
        using NetworkStream there = service.GetStream();

        // The end of either direction is the end of both, as it is when a service dies.
        await await Task.WhenAny(here.CopyToAsync(there, shut.Token), there.CopyToAsync(here, shut.Token));
    }
}
