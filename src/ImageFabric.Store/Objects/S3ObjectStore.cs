using System.Net;
using System.Net.Http;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace ImageFabric.Store.Objects;

/// <summary>
/// A store in a bucket of any S3 service. Bodies are signed (<c>x-amz-content-sha256</c>), so the service refuses one that was damaged on its way;
/// reads go through presigned addresses, as on hosts.
/// </summary>
public sealed class S3ObjectStore : IObjectStore, IObjectAddresses
{
    /// <summary>On objects written create-only: tells a writer whose answer was lost that the object is its own.</summary>
    private const string WriterMetadata = "imagefabric-writer";

    private static readonly TimeSpan OwnGrant = TimeSpan.FromHours(1);

    /// <summary>The longest that a presigned address of signature version 4 can live.</summary>
    private static readonly TimeSpan LongestGrant = TimeSpan.FromDays(7);

    private readonly S3Address address;
    private readonly HttpClient http;
    private readonly AmazonS3Client client;
    private readonly RetryPolicy retry;
    private readonly HttpObjectReader reader;
    private readonly HashedUpload hashed;
    private readonly BucketPages pages;
    private readonly S3Listing listing;
    private readonly BandwidthLimit? limit;
    private readonly ClaimedCreation claims;
    private volatile bool unconditional;
    private long faults;
    private volatile bool unmatched;

    private S3ObjectStore(ObjectStoreLocation location, RetryPolicy retry)
    {
        address = S3Address.Parse(location.Uri);
        (Uri endpoint, string region, AWSCredentials credentials) = S3Client.Service(location);
        var connections = HttpChannel.CreateHandler();
        http = HttpChannel.Over(connections);
        client = S3Client.Create(location, region, credentials, HttpChannel.Over(new SdkAnswers(connections), disposes: false));
        hashed = new HashedUpload(http, credentials, region);
        pages = new BucketPages(new SignedRequests(http, credentials, region, endpoint, address.Bucket), address);
        listing = new S3Listing(pages, address);
        limit = BandwidthLimit.Of(location.BytesPerSecond);
        this.retry = retry with { OnFault = () => Interlocked.Increment(ref faults) };
        reader = new HttpObjectReader(http, this.retry, this, limit);
        claims = new ClaimedCreation(this, ClaimTimes.Default);
    }

    /// <inheritdoc/>
    public string Location => address.ToString();

    /// <summary>
    /// True until the service has said that it does not have <c>If-None-Match</c>, or a probe has found that it ignores it.
    /// From then on a create-only write claims the object first, and waits until the claim has settled: <see cref="ClaimedCreation"/>.
    /// </summary>
    public bool ConditionalWrites => !unconditional;

    string IObjectAddresses.RefusedId => "StoreAccessDenied";

    /// <summary>Opens the store with one request, by which bucket and credentials are known to be good.</summary>
    /// <param name="location">Where it is.</param>
    /// <param name="create">Makes the bucket when it is missing.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <exception cref="StoreException"><c>StoreNotFound</c>, <c>StoreUnreachable</c>, <c>StoreAccessDenied</c>, <c>CredentialsNotFound</c>, <c>InvalidRequest</c>.</exception>
    public static Task<S3ObjectStore> OpenAsync(ObjectStoreLocation location, bool create, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        return OpenAsync(location, create, RetryPolicy.Opening, RetryPolicy.Default, cancellationToken);
    }

    internal static async Task<S3ObjectStore> OpenAsync(
        ObjectStoreLocation location, bool create, RetryPolicy opening, RetryPolicy working, CancellationToken cancellationToken)
    {
        // The credential chain reads files, and may ask services of its own.
        S3ObjectStore store = await Task.Run(() => new S3ObjectStore(location, working), cancellationToken).ConfigureAwait(false);
        try
        {
            await store.RequireBucketAsync(opening, create, cancellationToken).ConfigureAwait(false);
            return store;
        }
        catch (OtherRegionException other)
        {
            await store.DisposeAsync().ConfigureAwait(false);
            if (location.Region == other.Region)
                throw other.InnerException!;
            return await OpenAsync(location with { Region = other.Region }, create, opening, working, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);
        return reader.ReadAllAsync(key, maximumLength, cancellationToken);
    }

    /// <inheritdoc/>
    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        RangeAsync(key, offset, destination, arrived: null, cancellationToken);

    /// <inheritdoc/>
    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, ArrivedBytes arrived, CancellationToken cancellationToken) =>
        RangeAsync(key, offset, destination, arrived, cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);
        if (mode == PutMode.CreateOnly)
        {
            if (ConditionalWrites && await CreateAsync(key, content, cancellationToken).ConfigureAwait(false) is { } created)
                return created;
            return await claims.CreateAsync(key, content, cancellationToken).ConfigureAwait(false);
        }

        await RunAsync(RefusedWork.Writing(key), attempt => client.PutObjectAsync(Upload(key, content, attempt), attempt.Token), cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <inheritdoc/>
    public async Task<bool> ReplaceAsync(string key, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);

        // The tag is asked for first: content that is read afterwards and is as expected cannot be older than it.
        if (await HeadAsync(key, cancellationToken).ConfigureAwait(false) is not { } seen)
            return false;
        if (!await this.HoldsAsync(key, expected, cancellationToken).ConfigureAwait(false))
            return false;
        bool answerLost = false;
        return await RunAsync(
            RefusedWork.Writing(key),
            async attempt =>
            {
                PutObjectRequest request = Upload(key, content, attempt);

                // Several services want it without its quotes, and all take it so.
                request.IfMatch = unmatched ? null : seen.ETag.Trim('"');
                try
                {
                    await client.PutObjectAsync(request, attempt.Token).ConfigureAwait(false);
                    return true;
                }
                catch (RefusedAnswerException error) when (error.Answer.Status is HttpStatusCode.PreconditionFailed or HttpStatusCode.NotFound && error.Answer.Code != "NoSuchBucket")
                {
                    return answerLost && await this.HoldsAsync(key, content, cancellationToken).ConfigureAwait(false);
                }
                catch (RefusedAnswerException error) when (error.Answer.Status == HttpStatusCode.NotImplemented && !unmatched)
                {
                    unmatched = true;
                    throw new PassingFaultException("The service does not compare before it writes.", error);
                }
                catch
                {
                    answerLost = true;
                    throw;
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<UnfinishedWrite> ListUnfinishedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for ((string Key, string Id)? next = ("", ""); next is { } at;)
        {
            IReadOnlyList<KeyValuePair<string, string>> query = [new("key-marker", at.Key), new("prefix", address.Prefix), new("upload-id-marker", at.Id), new("uploads", "")];
            if (await pages.ReadAsync(retry, query, UploadsPage.Parse, cancellationToken).ConfigureAwait(false) is not { } page)
                yield break;
            foreach (UnfinishedWrite upload in page.Uploads)
            {
                if (!upload.Key.StartsWith(address.Prefix, StringComparison.Ordinal))
                    throw pages.Incomplete($"of uploads has the key '{upload.Key}', which was not asked for");
                yield return upload with { Key = upload.Key[address.Prefix.Length..] };
            }

            if (page.Next == next)
                throw pages.Incomplete("of uploads leads back to a page that it had before");
            next = page.Next;
        }
    }

    /// <inheritdoc/>
    public Task DiscardAsync(UnfinishedWrite unfinished, CancellationToken cancellationToken) => RunAsync(
        new RefusedWork(unfinished.Key, "abort the upload of", "s3:AbortMultipartUpload"),
        async attempt =>
        {
            try
            {
                await client.AbortMultipartUploadAsync(address.Bucket, address.Prefix + unfinished.Key, unfinished.Id, attempt.Token).ConfigureAwait(false);
            }
            catch (RefusedAnswerException gone) when (gone.Answer.Code == "NoSuchUpload")
            {
                // Somebody else did it, or it was completed.
            }

            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public long PassingFaults => Interlocked.Read(ref faults);

    /// <inheritdoc/>
    public Task PutSpooledAsync(string key, SpooledObject content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        return PutHashedAsync(key, attempt => new StreamContent(new UploadStream(content.Read, content.Length, attempt, limit)), content.Digest(), cancellationToken);
    }

    /// <inheritdoc/>
    public Task PutHashedAsync(string key, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> sha256, CancellationToken cancellationToken) =>
        PutHashedAsync(key, attempt => new UploadContent(content, attempt, limit), sha256, cancellationToken);

    /// <inheritdoc/>
    public async Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);
        GetObjectMetadataResponse? found = await HeadAsync(key, cancellationToken).ConfigureAwait(false);
        return found is null ? null : new StoredObject(key, found.ContentLength, TimeOf(found.LastModified), found.ETag);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken) => ListAsync(prefix, pageLength: null, cancellationToken);

    /// <summary>Lists with so many keys on a page.</summary>
    internal IAsyncEnumerable<StoredObject> ListAsync(string prefix, int? pageLength, CancellationToken cancellationToken) =>
        listing.ListAsync(retry, ObjectKey.CheckPrefix(prefix), pageLength, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);
        return RunAsync(
            RefusedWork.Deleting(key),
            async attempt =>
            {
                try
                {
                    await client.DeleteObjectAsync(address.Bucket, address.Prefix + key, attempt.Token).ConfigureAwait(false);
                }
                catch (RefusedAnswerException error) when (error.Answer.Code == "NoSuchKey")
                {
                    // Some services say so; it is what was wanted.
                }

                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The lifetime is not positive, or longer than 7 days.</exception>
    public Uri Grant(string key, TimeSpan lifetime)
    {
        ObjectKey.Check(key);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, LongestGrant);
        return new Uri(client.GetPreSignedURL(Presigned(key, lifetime)));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        client.Dispose();
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    async ValueTask<Uri> IObjectAddresses.OfAsync(string key, CancellationToken cancellationToken) =>
        new(await client.GetPreSignedURLAsync(Presigned(key, OwnGrant)).WaitAsync(cancellationToken).ConfigureAwait(false));

    ValueTask<Uri?> IObjectAddresses.RenewAsync(string key, Uri refused, CancellationToken cancellationToken) => ValueTask.FromResult<Uri?>(null);

    /// <summary>Remembers that the service takes <c>If-None-Match</c> and does not mean it.</summary>
    internal void DistrustConditions() => unconditional = true;

    /// <summary>What time the service has, from the answer to a read of an object. Null: it does not say.</summary>
    internal async Task<DateTimeOffset?> ClockAsync(string key, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await http.GetAsync(Grant(key, OwnGrant), HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        return answer.Headers.Date;
    }

    /// <summary>Tries to replace an object on a condition that does not hold, and says whether the service refused it for that.</summary>
    internal async Task<bool> ComparesBeforeReplacingAsync(string key, CancellationToken cancellationToken)
    {
        var request = new PutObjectRequest
        {
            BucketName = address.Bucket, Key = address.Prefix + key, ContentBody = "other", UseChunkEncoding = false, IfMatch = new string('0', 32),
        };
        try
        {
            await client.PutObjectAsync(request, cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (RefusedAnswerException refused) when (refused.Answer.Status is HttpStatusCode.PreconditionFailed or HttpStatusCode.NotImplemented)
        {
            return refused.Answer.Status == HttpStatusCode.PreconditionFailed;
        }
        catch (Exception error) when (S3Fault.IsOne(error))
        {
            throw S3Fault.Describe(error, RefusedWork.Writing(key));
        }
    }

    /// <summary>Sends an upload that is damaged on its way, and says whether the service refused it. Nothing of it stays.</summary>
    internal async Task<bool> RefusesDamagedBodyAsync(string key, CancellationToken cancellationToken)
    {
        using var body = new DamagedStream("whole"u8.ToArray());
        var request = new PutObjectRequest { BucketName = address.Bucket, Key = address.Prefix + key, InputStream = body, AutoCloseStream = false, UseChunkEncoding = false };
        try
        {
            await client.PutObjectAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (RefusedAnswerException refused) when (refused.Answer.Status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError)
        {
            return true;
        }
        catch (Exception error) when (S3Fault.IsOne(error))
        {
            throw S3Fault.Describe(error, RefusedWork.Writing(key));
        }

        await DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        return false;
    }

    private static DateTimeOffset TimeOf(DateTime? time) => new(time?.ToUniversalTime() ?? DateTime.UnixEpoch);

    private async Task RequireBucketAsync(RetryPolicy opening, bool create, CancellationToken cancellationToken)
    {
        try
        {
            await listing.ProbeAsync(opening, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException missing) when (create && missing.Id == "StoreNotFound")
        {
            // Only Amazon wants a bucket's region named; other services have regions of their own making.
            var request = new PutBucketRequest { BucketName = address.Bucket, UseClientRegion = client.Config.ServiceURL is null };
            await RunAsync(opening, new RefusedWork(Location, "create", "s3:CreateBucket"), attempt => client.PutBucketAsync(request, attempt.Token), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes with <c>If-None-Match: *</c>: whether this writer won, or null when the service has no such thing.</summary>
    private Task<bool?> CreateAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        string writer = Guid.NewGuid().ToString("N");
        bool answerLost = false;
        return RunAsync<bool?>(
            RefusedWork.Writing(key),
            async attempt =>
            {
                PutObjectRequest request = Upload(key, content, attempt);
                request.IfNoneMatch = "*";
                request.Metadata.Add(WriterMetadata, writer);
                try
                {
                    await client.PutObjectAsync(request, attempt.Token).ConfigureAwait(false);
                    return true;
                }
                catch (RefusedAnswerException error) when (error.Answer.Status == HttpStatusCode.PreconditionFailed)
                {
                    return answerLost && await IsOwnAsync(key, writer, cancellationToken).ConfigureAwait(false);
                }
                catch (RefusedAnswerException error) when (error.Answer.Status == HttpStatusCode.NotImplemented)
                {
                    unconditional = true;
                    return null;
                }
                catch
                {
                    answerLost = true;
                    throw;
                }
            },
            cancellationToken);
    }

    private async Task<bool> IsOwnAsync(string key, string writer, CancellationToken cancellationToken) =>
        await HeadAsync(key, cancellationToken).ConfigureAwait(false) is { } found && found.Metadata[WriterMetadata] == writer;

    private Task<GetObjectMetadataResponse?> HeadAsync(string key, CancellationToken cancellationToken) => RunAsync(
        RefusedWork.Reading(key),
        async attempt =>
        {
            try
            {
                return await client.GetObjectMetadataAsync(address.Bucket, address.Prefix + key, attempt.Token).ConfigureAwait(false);
            }
            catch (RefusedAnswerException error) when (error.Answer.Status == HttpStatusCode.NotFound && error.Answer.Code != "NoSuchBucket")
            {
                return null;
            }
        },
        cancellationToken);

    private PutObjectRequest Upload(string key, ReadOnlyMemory<byte> content, Attempt attempt) => new()
    {
        BucketName = address.Bucket,
        Key = address.Prefix + key,
        InputStream = new UploadStream((destination, offset) => content.Span.Slice((int)offset, destination.Length).CopyTo(destination), content.Length, attempt, limit),
        AutoCloseStream = false,
        ContentType = "application/octet-stream",

        // Chunked signatures are a form of their own that several services lack.
        UseChunkEncoding = false,
    };

    private Task PutHashedAsync(string key, Func<Attempt, HttpContent> body, ReadOnlyMemory<byte> sha256, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);
        return RunAsync(
            RefusedWork.Writing(key),
            async attempt =>
            {
                Uri presigned = await ((IObjectAddresses)this).OfAsync(key, attempt.Token).ConfigureAwait(false);
                await hashed.PutAsync(new Uri(presigned.GetLeftPart(UriPartial.Path)), key, body(attempt), sha256, attempt).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    private GetPreSignedUrlRequest Presigned(string key, TimeSpan lifetime) => new()
    {
        BucketName = address.Bucket,
        Key = address.Prefix + key,
        Verb = HttpVerb.GET,
        Expires = DateTime.UtcNow + lifetime,
        Protocol = client.Config.ServiceURL?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) == true ? Protocol.HTTP : Protocol.HTTPS,
    };

    private Task RangeAsync(string key, long offset, Memory<byte> destination, ArrivedBytes? arrived, CancellationToken cancellationToken)
    {
        ObjectKey.Check(key);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return reader.ReadRangeAsync(key, offset, destination, arrived, cancellationToken);
    }

    private Task<T> RunAsync<T>(RefusedWork work, Func<Attempt, Task<T>> attempted, CancellationToken cancellationToken) => RunAsync(retry, work, attempted, cancellationToken);

    private static Task<T> RunAsync<T>(RetryPolicy policy, RefusedWork work, Func<Attempt, Task<T>> attempted, CancellationToken cancellationToken) => policy.RunAsync(
        work.Target,
        async attempt =>
        {
            try
            {
                return await attempted(attempt).ConfigureAwait(false);
            }
            catch (Exception error) when (S3Fault.IsOne(error))
            {
                throw S3Fault.Describe(error, work);
            }
        },
        cancellationToken);
}
