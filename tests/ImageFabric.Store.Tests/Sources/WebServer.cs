using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace ImageFabric.Store.Tests.Sources;

/// <summary>A web server with one file, which answers range requests as RFC 9110 says unless told otherwise.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly HttpListener listener;
    private readonly Task serving;
    private long sent;

    public WebServer(byte[] content)
    {
        Content = content;
        (listener, Address) = LoopbackListener.Start();
        serving = ServeAsync();
    }

    public Uri Address { get; }

    public byte[] Content { get; set; }

    public string? Tag { get; set; } = "\"one\"";

    public DateTime Modified { get; set; } = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    public bool IgnoresRanges { get; set; }

    /// <summary>Takes <c>If-Match</c> and does not mean it.</summary>
    public bool IgnoresConditions { get; set; }

    /// <summary>Where <c>/moved</c> leads.</summary>
    public string RedirectTo { get; set; } = "/disk";

    /// <summary>So many requests are answered 503, or broken off in their middle, first.</summary>
    public int Failures { get; set; }

    public bool BreaksOff { get; set; }

    /// <summary>Answers in place of the file where it gives an answer.</summary>
    public Func<HttpListenerRequest, HttpListenerResponse, (int Status, byte[] Body)?>? Instead { get; set; }

    /// <summary>The most bytes of a range that one answer has.</summary>
    public int MostAtOnce { get; set; } = int.MaxValue;

    /// <summary>Whether a range is answered with the length of the whole.</summary>
    public bool HidesLength { get; set; }

    /// <summary>Requests for the file, as they came.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Bytes of bodies.</summary>
    public long Sent => Interlocked.Read(ref sent);

    public ConcurrentQueue<string?> Authorizations { get; } = new();

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(() => AnswerAsync(context));
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        HttpListenerResponse response = context.Response;
        try
        {
            Authorizations.Enqueue(context.Request.Headers["Authorization"]);
            Requests.Enqueue($"{context.Request.HttpMethod} {context.Request.RawUrl}");
            (response.StatusCode, byte[] body) = Instead?.Invoke(context.Request, response) ?? Decide(context.Request, response);
            bool breaks = BreaksOff && Failures-- > 0 && body.Length > 1;
            response.ContentLength64 = body.Length;
            if (context.Request.HttpMethod != "HEAD")
                await response.OutputStream.WriteAsync(breaks ? body.AsMemory(0, body.Length / 2) : body);
            Interlocked.Add(ref sent, body.Length);
            if (breaks)
                response.Abort();
            else
                response.Close();
        }
        catch (Exception gone) when (gone is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // The client has gone.
        }
    }

    private (int Status, byte[] Body) Decide(HttpListenerRequest request, HttpListenerResponse response)
    {
        if (request.Url!.AbsolutePath == "/moved")
        {
            response.RedirectLocation = RedirectTo;
            return (302, []);
        }

        if (request.Url.AbsolutePath != "/disk")
            return (404, []);
        if (!BreaksOff && Failures > 0)
        {
            Failures--;
            return (503, []);
        }

        if (Tag is not null)
            response.Headers["ETag"] = Tag;
        response.Headers["Last-Modified"] = Modified.ToString("R", CultureInfo.InvariantCulture);
        if (!IgnoresConditions && request.Headers["If-Match"] is { } match && match != Tag)
            return (412, []);
        if (!IgnoresConditions && request.Headers["If-Unmodified-Since"] is { } since && DateTime.Parse(since, CultureInfo.InvariantCulture).ToUniversalTime() < Modified)
            return (412, []);
        if (IgnoresRanges || request.Headers["Range"] is not { } range)
            return (200, Content);
        string[] ends = range["bytes=".Length..].Split('-');
        int first = int.Parse(ends[0], CultureInfo.InvariantCulture);
        int last = Math.Min(int.Parse(ends[1], CultureInfo.InvariantCulture), Content.Length - 1);
        if (first > last)
        {
            response.Headers["Content-Range"] = $"bytes */{Content.Length}";
            return (416, []);
        }

        last = (int)Math.Min(last, first + (long)MostAtOnce - 1);
        response.Headers["Content-Range"] = $"bytes {first}-{last}/{(HidesLength ? "*" : Content.Length)}";
        return (206, Content[first..(last + 1)]);
    }
}
