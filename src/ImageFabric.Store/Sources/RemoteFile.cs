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

    private readonly HttpClient http;
    private readonly IRemoteAddress address;
    private readonly RemoteRoute route;
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
                AllowAutoRedirect = false,
                UseCookies = false,
                SslOptions = CertificateCheck.Options,
                ConnectTimeout = TimeSpan.FromSeconds(10),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };

        // What lies there, not what a server could make of it; and mirrors refuse who does not say what he is (RFC 9110, sections 12.5.3 and 10.1.5).
        http.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("ImageFabric", typeof(RemoteFile).Assembly.GetName().Version?.ToString(3)));
        route = new RemoteRoute(http, address);
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
        var block = new Block(number * BlockLength);
        try
        {
            return await retry.RunAsync(Name, attempt => FillAsync(block, attempt), cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException silent) when (silent.Id is "StoreUnreachable" or "CertificateNotTrusted")
        {
            Exception cause = silent.InnerException ?? silent;
            string reason = NetworkFault.RefusedCertificate(cause)?.Message ?? NetworkFault.Describe(cause, stalled: cause is OperationCanceledException);
            throw new DiskException(silent.Id == "StoreUnreachable" ? "SourceUnreachable" : silent.Id, Name, $"{Name} cannot be read: {reason}.", number * BlockLength, silent);
        }
    }

    /// <summary>Fetches what a block lacks. A server may answer with less than it was asked for (RFC 9110, section 15.3.7); the rest is asked for then.</summary>
    private async Task<byte[]> FillAsync(Block block, Attempt attempt)
    {
        do
        {
            long start = block.Start + block.Filled;
            long end = Length < 0 ? start + BlockLength : Math.Min(block.Start + BlockLength, Length);
            using HttpResponseMessage response = await route.SendAsync(HttpMethod.Get, request => Dress(request, start, end), attempt.Token).ConfigureAwait(false);
            attempt.Alive();
            int length = await TakeHeadersAsync(response, block, start, end, attempt).ConfigureAwait(false);
            block.Buffer ??= new byte[Math.Min(BlockLength, Length - block.Start)];
            await using Stream body = await response.Content.ReadAsStreamAsync(attempt.Token).ConfigureAwait(false);
            for (int taken = 0; taken < length;)
            {
                int count = await body.ReadAsync(block.Buffer.AsMemory(block.Filled, length - taken), attempt.Token).ConfigureAwait(false);
                if (count == 0)
                    throw new PassingFaultException("The answer ended early.");
                taken += count;
                block.Filled += count;
                attempt.Gain(count);
            }
        }
        while (block.Filled < block.Buffer.Length);
        return block.Buffer;
    }

    private void Dress(HttpRequestMessage request, long start, long end)
    {
        request.Headers.Range = new RangeHeaderValue(start, end - 1);
        if (tag is { IsWeak: false })
            request.Headers.IfMatch.Add(tag);
        else if (modified is not null)
            request.Headers.IfUnmodifiedSince = modified;
    }

    /// <summary>How many bytes of the answer's body are taken, if it is of the range that was asked for, of the file that was opened.</summary>
    private async Task<int> TakeHeadersAsync(HttpResponseMessage response, Block block, long start, long end, Attempt attempt)
    {
        HttpContentHeaders headers = response.Content.Headers;
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent when headers.ContentRange is { From: { } from, To: { } to } range && from == start && to >= from && to < end && !(range.Length <= to):
                Remember(response, range.Length ?? await LengthAsync(attempt).ConfigureAwait(false));
                return (int)(Math.Min(to + 1, Length) - from);

            case HttpStatusCode.PartialContent:
                throw new PassingFaultException("The answer is of another range.");

            // A server that knows no ranges sends all of it: good enough for a file of one block.
            case HttpStatusCode.OK when block.Start == 0 && headers.ContentLength is { } whole and <= BlockLength:
                Remember(response, whole);
                block.Filled = 0;
                return (int)whole;

            case HttpStatusCode.OK:
                throw new DiskException("SourceRangesNotSupported", Name, $"The server of {Name} does not answer range requests: the file can only be downloaded as a whole.");

            case HttpStatusCode.RequestedRangeNotSatisfiable when Length < 0 && start == 0:
                Remember(response, 0);
                return 0;

            case HttpStatusCode.PreconditionFailed or HttpStatusCode.RequestedRangeNotSatisfiable:
                throw Changed();

            default:
                throw Refusal(await ServiceAnswer.ReadAsync(response, attempt.Token).ConfigureAwait(false), ServiceAnswer.RetryAfter(response));
        }
    }

    /// <summary>The length by a HEAD request, from a server that does not say it with a range (RFC 9110, section 14.4).</summary>
    private async Task<long> LengthAsync(Attempt attempt)
    {
        if (Length >= 0)
            return Length;
        using HttpResponseMessage response = await route.SendAsync(HttpMethod.Head, static _ => { }, attempt.Token).ConfigureAwait(false);
        attempt.Alive();
        return response.StatusCode == HttpStatusCode.OK && response.Content.Headers.ContentLength is { } length and > 0
            ? length
            : throw new DiskException("SourceRangesNotSupported", Name, $"The server of {Name} does not say how long the file is, neither with a range nor when it is asked: it can only be downloaded as a whole.");
    }

    private Exception Refusal(ServiceAnswer answer, TimeSpan? retryAfter)
    {
        if (address.Learn(answer))
            return new PassingFaultException($"The service named another region: {answer.Region}.");
        if (HttpAnswer.MayPass(answer.Status) || HttpAnswer.MayPass(answer.Code))
            return new PassingFaultException($"the server answered {answer.Said}") { RetryAfter = retryAfter };
        return answer switch
        {
            { Code: "NoSuchBucket" } => new DiskException("FileNotFound", Name, $"There is no {Name}: the service has no such bucket."),
            { Status: HttpStatusCode.NotFound or HttpStatusCode.Gone } => Length < 0 ? new DiskException("FileNotFound", Name, $"There is no {Name}.") : Changed(),
            { Status: >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest } => new DiskException("FileUnreadable", Name, $"{Name} leads to another address, and the answer does not say where: {answer.Said}."),
            { Code: "InvalidObjectState" } => Refused(answer, "It is in an archive class: restore it first."),
            { ClockHint: { } clock } => Refused(answer, clock),
            _ => Refused(answer, ""),
        };
    }

    private DiskException Refused(ServiceAnswer answer, string hint) =>
        new("SourceRefused", Name, $"{Name} cannot be read: the server answered {answer.Said}. {hint}".TrimEnd());

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

    /// <summary>A block on its way: an attempt that breaks off leaves what it brought.</summary>
    private sealed class Block(long start)
    {
        public long Start { get; } = start;

        public byte[]? Buffer { get; set; }

        public int Filled { get; set; }
    }
}
