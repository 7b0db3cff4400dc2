using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace ImageFabric.Store.Tests.Faults;

/// <summary>
/// Stands between a client and an HTTP store and damages what it is told to. One request per connection, whose bytes go through
/// untouched otherwise, so that signatures stay good.
/// </summary>
public sealed partial class FaultProxy : IAsyncDisposable
{
    private readonly Uri store;
    private readonly ConcurrentQueue<Fault> faults = new();
    private readonly ConcurrentDictionary<Socket, Task> connections = new();
    private CancellationTokenSource up = new();
    private Socket listener;
    private Task accepting;
    private int requests;

    public FaultProxy(Uri store)
    {
        this.store = store;
        listener = Listen(0);
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}");
        accepting = AcceptAsync(listener, up.Token);
    }

    /// <summary>What to give the client as the store's endpoint.</summary>
    public Uri Address { get; }

    /// <summary>How many requests have come so far.</summary>
    public int Requests => Volatile.Read(ref requests);

    /// <summary>Happens to every request that has no fault of its own.</summary>
    public Fault? Always { get; set; }

    /// <summary>Says what happens to a request that has no fault of its own, by its first line. Null: <see cref="Always"/>.</summary>
    public Func<string, Fault>? Weather { get; set; }

    /// <summary>Faults for the next requests, one each.</summary>
    public void Next(params Fault[] next)
    {
        foreach (Fault fault in next)
            faults.Enqueue(fault);
    }

    /// <summary>Refuses connections, and resets those there are.</summary>
    public async Task DownAsync()
    {
        await up.CancelAsync();
        listener.Dispose();
        await accepting;
        foreach (Socket client in connections.Keys)
            Abort(client);
        await Task.WhenAll(connections.Values);
    }

    /// <summary>Takes connections again, on the same port.</summary>
    public void Up()
    {
        up.Dispose();
        up = new CancellationTokenSource();
        listener = Listen(Address.Port);
        accepting = AcceptAsync(listener, up.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await DownAsync();
        up.Dispose();
    }

    private static Socket Listen(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen(128);
        return socket;
    }

    private static void Abort(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception error) when (error is ObjectDisposedException or SocketException)
        {
            // The other side was faster.
        }

        socket.Dispose();
    }

    private async Task AcceptAsync(Socket from, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                Socket client = await from.AcceptAsync(cancellationToken);
                var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                connections[client] = ServeAsync(client, begun.Task, cancellationToken);
                begun.SetResult();
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Down.
        }
    }

    private async Task ServeAsync(Socket client, Task begun, CancellationToken cancellationToken)
    {
        await begun;
        try
        {
            await ServeOneAsync(client, cancellationToken);
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // The client or the store went away: so does the other.
            Abort(client);
        }
        finally
        {
            client.Dispose();
            connections.TryRemove(client, out _);
        }
    }

    private async Task ServeOneAsync(Socket client, CancellationToken cancellationToken)
    {
        await using var fromClient = new NetworkStream(client);
        (string head, byte[] body) = await ReadHeadAsync(fromClient, cancellationToken);
        if (head.Length == 0)
            return;
        Interlocked.Increment(ref requests);
        Fault fault = faults.TryDequeue(out Fault? next) ? next : Weather?.Invoke(head[..head.IndexOf('\r')]) ?? Always ?? new Fault.None();
        if (fault is Fault.Reset)
        {
            Abort(client);
            return;
        }

        if (ExpectHeader().IsMatch(head))
            await client.SendAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancellationToken);
        body = await ReadBodyAsync(fromClient, head, body, cancellationToken);
        if (fault is Fault.Answer answer)
        {
            await SendAsync(client, answer, cancellationToken);
            return;
        }

        if (fault is Fault.FlipRequestBit flip && body.Length > 0)
            body[flip.At % body.Length] ^= 0x10;
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(store.Host, store.Port, cancellationToken);
        await using var fromServer = new NetworkStream(server);
        await fromServer.WriteAsync(Encoding.Latin1.GetBytes(Altered(head, fault)), cancellationToken);
        await fromServer.WriteAsync(body, cancellationToken);
        await RelayAsync(fromServer, fromClient, client, fault, cancellationToken);
    }

    private static async Task RelayAsync(Stream fromServer, Stream toClient, Socket client, Fault fault, CancellationToken cancellationToken)
    {
        (string head, byte[] rest) = await ReadHeadAsync(fromServer, cancellationToken);
        if (fault is Fault.LoseAnswer)
        {
            Abort(client);
            return;
        }

        if (fault is Fault.Silence)
        {
            await AwaitHangUpAsync(toClient, cancellationToken);
            return;
        }

        if (fault is Fault.ShiftRange)
            head = ContentRange().Replace(head, match => $"{match.Groups[1].Value}{long.Parse(match.Groups[2].Value) + 1}-");
        if (fault is Fault.LieAboutLength lie)
            head = ContentLength().Replace(head, match => $"\r\nContent-Length: {Math.Max(0, long.Parse(match.Groups[1].Value) + lie.By)}");
        await toClient.WriteAsync(Encoding.Latin1.GetBytes(head), cancellationToken);
        int? left = fault switch
        {
            Fault.Stall stall => stall.After,
            Fault.Truncate truncate => truncate.After,
            _ => null,
        };
        bool flipped = false;
        byte[] buffer = rest.Length > 0 ? rest : new byte[65_536];
        int count = rest.Length > 0 ? rest.Length : await fromServer.ReadAsync(buffer, cancellationToken);
        while (count > 0 && left is null or > 0)
        {
            int pass = Math.Min(count, left ?? count);
            if (fault is Fault.FlipAnswerBit bit && !flipped)
                buffer[bit.Bit / 8 % pass] ^= (byte)(1 << (bit.Bit % 8));
            flipped = true;
            await WriteAsync(toClient, buffer.AsMemory(0, pass), fault, cancellationToken);
            left -= pass;
            count = await fromServer.ReadAsync(buffer, cancellationToken);
        }

        if (fault is Fault.Stall)
            await AwaitHangUpAsync(toClient, cancellationToken);
        if (left is null or 0)
            client.Shutdown(SocketShutdown.Both);
    }

    private static async Task WriteAsync(Stream client, ReadOnlyMemory<byte> bytes, Fault fault, CancellationToken cancellationToken)
    {
        int piece = fault is Fault.Trickle trickle ? trickle.Piece : bytes.Length;
        for (int at = 0; at < bytes.Length; at += piece)
        {
            if (at > 0)
                await Task.Delay(10, cancellationToken);
            await client.WriteAsync(bytes.Slice(at, Math.Min(piece, bytes.Length - at)), cancellationToken);
        }
    }

    private static async Task AwaitHangUpAsync(Stream client, CancellationToken cancellationToken) =>
        await client.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, cancellationToken);

    private static string Altered(string head, Fault fault)
    {
        head = ExpectHeader().Replace(ConnectionHeader().Replace(head, ""), "");
        head = fault switch
        {
            Fault.DropRange => RangeHeader().Replace(head, ""),
            Fault.HideHeader hide => head.Replace($"\r\n{hide.Name}:", $"\r\nx-hidden-{hide.Name}:", StringComparison.OrdinalIgnoreCase),
            _ => head,
        };
        return head[..^2] + "Connection: close\r\n\r\n";
    }

    private static async Task SendAsync(Socket client, Fault.Answer answer, CancellationToken cancellationToken)
    {
        string xml = $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{answer.Code}</Code><Message>made by the test</Message></Error>";
        string text = $"HTTP/1.1 {answer.Status} Fault\r\nContent-Type: application/xml\r\nContent-Length: {xml.Length}\r\nConnection: close\r\n\r\n{xml}";
        await client.SendAsync(Encoding.Latin1.GetBytes(text), cancellationToken);
        client.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Reads to the blank line; what came behind it is given back too.</summary>
    private static async Task<(string Head, byte[] Begun)> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[65_536];
        int length = 0;
        while (true)
        {
            int end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return (Encoding.Latin1.GetString(buffer, 0, end + 4), buffer[(end + 4)..length]);
            int count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (count == 0)
                return ("", []);
            length += count;
        }
    }

    private static async Task<byte[]> ReadBodyAsync(Stream stream, string head, byte[] begun, CancellationToken cancellationToken)
    {
        Match length = ContentLength().Match(head);
        if (!length.Success)
            return begun;
        byte[] body = new byte[int.Parse(length.Groups[1].Value)];
        begun.CopyTo(body, 0);
        await stream.ReadExactlyAsync(body.AsMemory(begun.Length), cancellationToken);
        return body;
    }

    [GeneratedRegex(@"(?<=\r\n)Expect:[^\r]*\r\n", RegexOptions.IgnoreCase)]
    private static partial Regex ExpectHeader();

    [GeneratedRegex(@"(?<=\r\n)Connection:[^\r]*\r\n", RegexOptions.IgnoreCase)]
    private static partial Regex ConnectionHeader();

    [GeneratedRegex(@"(?<=\r\n)Range:[^\r]*\r\n", RegexOptions.IgnoreCase)]
    private static partial Regex RangeHeader();

    [GeneratedRegex(@"\r\nContent-Length: *(\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex ContentLength();

    [GeneratedRegex(@"(Content-Range: *bytes *)(\d+)-", RegexOptions.IgnoreCase)]
    private static partial Regex ContentRange();
}
