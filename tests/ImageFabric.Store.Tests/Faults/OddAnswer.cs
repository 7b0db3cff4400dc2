using System.Net;
using System.Text;

namespace ImageFabric.Store.Tests.Faults;

/// <summary>An answer of a service that is not quite one.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body.</param>
/// <param name="Headers">Headers.</param>
public sealed record OddAnswer(int Status, string Body, params (string Name, string Value)[] Headers)
{
    /// <summary>When set, the body is sent again and again until the other side has enough.</summary>
    public bool Endless { get; init; }

    /// <summary>An S3 error document.</summary>
    public static OddAnswer Error(int status, string code, string message = "", string members = "") =>
        new(status, $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message>{members}</Error>", ("Content-Type", "application/xml"));

    /// <summary>A page of a listing.</summary>
    public static OddAnswer Listing(string members, params string[] keys) => new(
        200,
        $"<ListBucketResult>{members}{string.Concat(keys.Select(static key => $"<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>1</Size></Contents>"))}</ListBucketResult>",
        ("Content-Type", "application/xml"));

    internal async Task WriteAsync(HttpListenerResponse response)
    {
        response.StatusCode = Status;
        foreach ((string name, string value) in Headers)
            response.Headers[name] = value;
        byte[] body = Encoding.UTF8.GetBytes(Body);
        if (!Endless)
        {
            response.ContentLength64 = body.Length;
            await response.OutputStream.WriteAsync(body);
            return;
        }

        response.SendChunked = true;
        while (true)
            await response.OutputStream.WriteAsync(body);
    }
}
