using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ImageFabric.Store.Tests.Faults;

/// <summary>
/// As much of an S3 service as tests of faults need where there is no real one: objects in memory, ranges, conditions, listings, body digests, and a clock of its own. It believes every signature.
/// Addresses that end in <c>?grant=N</c> are good until <see cref="RevokeGrants"/>.
/// </summary>
public sealed partial class ObjectServer : IAsyncDisposable
{
    private readonly HttpListener listener;
    private readonly Task serving;
    private readonly ConcurrentDictionary<string, DateTimeOffset> written = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> writers = new(StringComparer.Ordinal);
    private readonly Lock writing = new();
    private int grant = 1;

    public ObjectServer()
    {
        (listener, Address) = LoopbackListener.Start();
        serving = ServeAsync();
    }

    /// <summary>The endpoint.</summary>
    public Uri Address { get; }

    /// <summary>Content by <c>bucket/key</c>.</summary>
    public ConcurrentDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>Uploads in parts that were begun, by <c>bucket/key</c>; their ids are their keys.</summary>
    public ConcurrentDictionary<string, DateTimeOffset> Uploads { get; } = new(StringComparer.Ordinal);

    /// <summary>The service's clock.</summary>
    public Func<DateTimeOffset> Now { get; init; } = static () => DateTimeOffset.UtcNow;

    /// <summary>Objects on one page of a listing.</summary>
    public int PageLength { get; set; } = 1000;

    /// <summary>When set, <c>If-None-Match</c> is taken and not meant.</summary>
    public bool IgnoresConditions { get; set; }

    /// <summary>When set, an answer to a range request has the whole object.</summary>
    public bool IgnoresRanges { get; set; }

    /// <summary>Answers in place of the service where it gives an answer.</summary>
    public Func<HttpListenerRequest, OddAnswer?>? Instead { get; set; }

    /// <summary>Methods of the requests that came.</summary>
    public ConcurrentQueue<string> Methods { get; } = new();

    /// <summary>A presigned address that is good now, as seen through a proxy.</summary>
    public Uri Grant(string path, Uri through) => new(through, $"{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}?grant={Volatile.Read(ref grant)}");

    /// <summary>All addresses granted so far are refused from now on.</summary>
    public void RevokeGrants() => Interlocked.Increment(ref grant);

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
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(() => AnswerAsync(context));
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            Methods.Enqueue(context.Request.HttpMethod);
            await DispatchAsync(context.Request, context.Response, Uri.UnescapeDataString(context.Request.Url!.AbsolutePath).TrimStart('/'));
            context.Response.Close();
        }
        catch (Exception error) when (error is HttpListenerException or IOException or ObjectDisposedException)
        {
            // The client went away.
            context.Response.Abort();
        }
    }

    private Task DispatchAsync(HttpListenerRequest request, HttpListenerResponse response, string path)
    {
        if (Instead?.Invoke(request) is { } odd)
            return odd.WriteAsync(response);
        if (request.QueryString["grant"] is { } asked && int.Parse(asked) != Volatile.Read(ref grant))
            return RefuseAsync(response, 403, "AccessDenied");
        switch (request.HttpMethod)
        {
            case "GET" when request.QueryString["list-type"] is not null:
                return ListAsync(request, response, path.TrimEnd('/'));
            case "GET" when request.Url!.Query.TrimStart('?').Split('&').Any(static q => q.Split('=')[0] == "uploads"):
                return ListUploadsAsync(request, response, path.TrimEnd('/'));
            case "DELETE" when request.QueryString["uploadId"] is not null:
                Uploads.TryRemove(path, out _);
                response.StatusCode = 204;
                return Task.CompletedTask;
            case "GET":
                return Objects.TryGetValue(path, out byte[]? content) ? ReadAsync(request, response, content) : RefuseAsync(response, 404, "NoSuchKey");
            case "PUT":
                return PutAsync(request, response, path);
            case "DELETE":
                lock (writing)
                    Objects.TryRemove(path, out _);
                response.StatusCode = 204;
                return Task.CompletedTask;
            case "HEAD":
                return HeadAsync(response, path);
            default:
                return RefuseAsync(response, 405, "MethodNotAllowed");
        }
    }

    private Task ReadAsync(HttpListenerRequest request, HttpListenerResponse response, byte[] content)
    {
        Match range = Range().Match(request.Headers["Range"] ?? "");
        if (!range.Success || IgnoresRanges)
            return WriteAsync(response, content);
        int from = int.Parse(range.Groups[1].Value);
        int to = Math.Min(int.Parse(range.Groups[2].Value), content.Length - 1);
        if (from >= content.Length)
            return RefuseAsync(response, 416, "InvalidRange");
        response.StatusCode = 206;
        response.Headers["Content-Range"] = $"bytes {from}-{to}/{content.Length}";
        return WriteAsync(response, content[from..(to + 1)]);
    }

    private async Task PutAsync(HttpListenerRequest request, HttpListenerResponse response, string path)
    {
        using var body = new MemoryStream();
        await request.InputStream.CopyToAsync(body);
        byte[] content = body.ToArray();
        if (request.Headers["x-amz-content-sha256"] != Convert.ToHexStringLower(SHA256.HashData(content)))
        {
            await RefuseAsync(response, 400, "XAmzContentSHA256Mismatch");
            return;
        }

        bool conditional = request.Headers["If-None-Match"] == "*" && !IgnoresConditions;
        bool refused;
        lock (writing)
        {
            Objects.TryGetValue(path, out byte[]? before);
            refused = (conditional && before is not null) || (request.Headers["If-Match"] is { } tag && (before is null || tag.Trim('"') != Tag(before)));
            if (!refused)
            {
                Objects[path] = content;
                written[path] = Now();
                writers[path] = request.Headers["x-amz-meta-imagefabric-writer"] ?? "";
            }
        }

        if (refused)
            await RefuseAsync(response, 412, "PreconditionFailed");
    }

    private Task ListAsync(HttpListenerRequest request, HttpListenerResponse response, string bucket)
    {
        string start = $"{bucket}/{request.QueryString["prefix"]}";
        string after = request.QueryString["continuation-token"] ?? "";
        string[] found = [.. Objects.Keys.Where(key => key.StartsWith(start, StringComparison.Ordinal) && string.CompareOrdinal(key, after) > 0).Order(StringComparer.Ordinal).Take(PageLength + 1)];
        var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>");
        foreach (string key in found.Take(PageLength))
        {
            if (Objects.TryGetValue(key, out byte[]? content))
                xml.Append($"<Contents><Key>{key[(bucket.Length + 1)..]}</Key><LastModified>{TimeOf(key):yyyy-MM-ddTHH:mm:ss.fffZ}</LastModified><Size>{content.Length}</Size></Contents>");
        }

        bool more = found.Length > PageLength;
        xml.Append($"<IsTruncated>{(more ? "true" : "false")}</IsTruncated>{(more ? $"<NextContinuationToken>{found[PageLength - 1]}</NextContinuationToken>" : "")}</ListBucketResult>");
        return WriteAsync(response, Encoding.UTF8.GetBytes(xml.ToString()));
    }

    private Task ListUploadsAsync(HttpListenerRequest request, HttpListenerResponse response, string bucket)
    {
        string start = $"{bucket}/{request.QueryString["prefix"]}";
        IEnumerable<string> uploads = Uploads.Where(u => u.Key.StartsWith(start, StringComparison.Ordinal)).Select(u =>
            $"<Upload><Key>{u.Key[(bucket.Length + 1)..]}</Key><UploadId>{u.Key}</UploadId><Initiated>{u.Value.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}</Initiated></Upload>");
        return WriteAsync(response, Encoding.UTF8.GetBytes($"<ListMultipartUploadsResult>{string.Concat(uploads)}<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"));
    }

    private DateTime TimeOf(string path) => written.TryGetValue(path, out DateTimeOffset time) ? time.UtcDateTime : DateTime.UnixEpoch;

    private static string Tag(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content))[..32];

    private async Task HeadAsync(HttpListenerResponse response, string path)
    {
        if (!Objects.TryGetValue(path, out byte[]? content))
        {
            response.StatusCode = 404;
            return;
        }

        response.ContentLength64 = content.Length;
        response.Headers["ETag"] = $"\"{Tag(content)}\"";
        response.Headers["Last-Modified"] = TimeOf(path).ToString("R", CultureInfo.InvariantCulture);
        if (writers.TryGetValue(path, out string? writer))
            response.Headers["x-amz-meta-imagefabric-writer"] = writer;
        await response.OutputStream.FlushAsync();
    }

    private static Task RefuseAsync(HttpListenerResponse response, int status, string code)
    {
        response.StatusCode = status;
        return WriteAsync(response, Encoding.UTF8.GetBytes($"<Error><Code>{code}</Code></Error>"));
    }

    private static async Task WriteAsync(HttpListenerResponse response, byte[] content)
    {
        response.ContentLength64 = content.Length;
        await response.OutputStream.WriteAsync(content);
    }

    [GeneratedRegex(@"bytes=(\d+)-(\d+)")]
    private static partial Regex Range();
}
