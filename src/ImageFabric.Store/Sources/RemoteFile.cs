using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using ImageFabric.Disks;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Sources;

/// <summary>
/// A disk image file on a web server or in a bucket, read by ranges (RFC 9110, section 14) of whole blocks, of which the last ones read are kept. Every
/// answer must be of the file that was opened: by its entity tag, otherwise by its time of modification, and by its length.
/// </summary>
public sealed class RemoteFile : IRemoteFile
{
    private const int BlockLength = 1 << 20;
    private const int MostRedirects = 10;

    private readonly HttpClient http;
    private readonly IRemoteAddress address;
    private readonly BlockCache blocks;
    private RetryPolicy retry = RetryPolicy.Opening;
    private EntityTagHeaderValue? tag;
    private DateTimeOffset? modified;

    private RemoteFile(IRemoteAddress address)
    {
        this.address = address;
        http = new HttpClient(
            new SocketsHttpHandler
            {
                AutomaticDecompression = DecompressionMethods.None,

                // Never from https to http.
                AllowAutoRedirect = true,
                MaxAutomaticRedirections = MostRedirects,
                UseCookies = false,
                ConnectTimeout = TimeSpan.FromSeconds(10),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        blocks = new BlockCache(ReadBlockAsync);
    }

    /// <inheritdoc/>
    public string Name => address.Name;

    /// <inheritdoc/>
    public long Length { get; private set; } = -1;

    /// <summary>True for what is an address of such a file, and no path.</summary>
    public static bool IsMeant(string source) =>
        source.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || S3Address.IsMeant(source);

    /// <summary>Opens a file by its address.</summary>
    /// <param name="source"><c>https://…</c>, <c>http://…</c>, with user and password before an <c>@</c> if need be; or <c>s3://bucket/key</c>.</param>
    /// <param name="service">The S3 service and its credentials, for <c>s3://</c>; its address is not looked at.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <exception cref="DiskException"><c>FileNotFound</c>, <c>FileUnreadable</c>, <c>SourceUnreachable</c>, <c>SourceRangesNotSupported</c>.</exception>
    /// <exception cref="StoreException"><c>CredentialsNotFound</c>, <c>InvalidRequest</c>.</exception>
    public static async Task<RemoteFile> OpenAsync(string source, ObjectStoreLocation service, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(service);
        IRemoteAddress address = S3Address.IsMeant(source) ? new BucketAddress(service with { Uri = source }) : new WebAddress(source);
        var file = new RemoteFile(address);
        try
        {
            await file.blocks.GetAsync(0, 1, cancellationToken).ConfigureAwait(false);
            file.retry = RetryPolicy.Default;
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            byte[] block = await blocks.GetAsync(offset / BlockLength, (Length + BlockLength - 1) / BlockLength, cancellationToken).ConfigureAwait(false);
            int start = (int)(offset % BlockLength);
            int count = Math.Min(buffer.Length, block.Length - start);
            if (count <= 0)
                throw Changed();
            block.AsMemory(start, count).CopyTo(buffer);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        blocks.Dispose();
        http.Dispose();
        address.Dispose();
    }

    private async Task<byte[]> ReadBlockAsync(long number, CancellationToken cancellationToken)
    {
        try
        {
            return await retry.RunAsync(Name, attempt => ReadBlockAsync(number, attempt), cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException silent) when (silent.Id == "StoreUnreachable")
        {
            throw new DiskException("SourceUnreachable", Name, $"{Name} cannot be read: {silent.InnerException?.Message ?? silent.Message}", number * BlockLength, silent);
        }
    }

    private async Task<byte[]> ReadBlockAsync(long number, Attempt attempt)
    {
        long start = number * BlockLength;
        long end = Length < 0 ? start + BlockLength : Math.Min(start + BlockLength, Length);
        using var request = new HttpRequestMessage(HttpMethod.Get, await address.NowAsync(attempt.Token).ConfigureAwait(false));
        request.Headers.Range = new RangeHeaderValue(start, end - 1);
        request.Headers.Authorization = address.Authorization;
        if (tag is { IsWeak: false })
            request.Headers.IfMatch.Add(tag);
        else if (modified is not null)
            request.Headers.IfUnmodifiedSince = modified;
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, attempt.Token).ConfigureAwait(false);
        attempt.Alive();
        long length = TakeHeaders(response, start);
        byte[] block = new byte[length];
        await using Stream body = await response.Content.ReadAsStreamAsync(attempt.Token).ConfigureAwait(false);
        for (int filled = 0; filled < block.Length;)
        {
            int count = await body.ReadAsync(block.AsMemory(filled), attempt.Token).ConfigureAwait(false);
            if (count == 0)
                throw new PassingFaultException("The answer ended early.");
            filled += count;
            attempt.Alive();
        }

        return block;
    }

    /// <summary>How many bytes the answer's body has, if it is the range that was asked for, of the file that was opened.</summary>
    private long TakeHeaders(HttpResponseMessage response, long start)
    {
        HttpContentHeaders headers = response.Content.Headers;
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent when headers.ContentRange is { From: { } from, To: { } to, Length: { } total } && from == start && to >= from && to - from < BlockLength && to < total:
                Remember(response, total);
                return to - from + 1;

            case HttpStatusCode.PartialContent:
                throw new PassingFaultException("The answer is of another range.");

            // A server that knows no ranges sends all of it: good enough for a file of one block.
            case HttpStatusCode.OK when start == 0 && headers.ContentLength is { } whole and <= BlockLength:
                Remember(response, whole);
                return whole;

            case HttpStatusCode.OK:
                throw new DiskException("SourceRangesNotSupported", Name, $"The server of {Name} does not answer range requests: the file can only be downloaded as a whole.");

            case HttpStatusCode.RequestedRangeNotSatisfiable when Length < 0 && start == 0:
                Remember(response, 0);
                return 0;

            case HttpStatusCode.PreconditionFailed or HttpStatusCode.RequestedRangeNotSatisfiable:
                throw Changed();

            case HttpStatusCode.NotFound or HttpStatusCode.Gone when Length < 0:
                throw new DiskException("FileNotFound", Name, $"There is no {Name}.");

            case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                throw Changed();

            case >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest:
                throw new DiskException("FileUnreadable", Name, $"{Name} leads to another address in a way that is not followed, such as from https to http, or more than {MostRedirects} times.");

            case var status when HttpAnswer.MayPass(status):
                throw new PassingFaultException($"The server answered {(int)status} {response.ReasonPhrase}.");

            case var status:
                throw new DiskException("FileUnreadable", Name, $"{Name} cannot be read: the server answered {(int)status} {response.ReasonPhrase}.");
        }
    }

    private void Remember(HttpResponseMessage response, long length)
    {
        EntityTagHeaderValue? newTag = response.Headers.ETag;
        DateTimeOffset? newModified = response.Content.Headers.LastModified;
        if (Length < 0)
            (Length, tag, modified) = (length, newTag, newModified);
        else if (length != Length || !Equals(newTag, tag) || (tag is null && newModified != modified))
            throw Changed();
    }

    private DiskException Changed() => new("SourceChanged", Name, $"{Name} changed while it was read.");
}
