using System.Net;
using System.Net.Http;

namespace ImageFabric.Store.Objects;

/// <summary>Asks a bucket for documents about what is in it, each of bounded length and read strictly.</summary>
internal sealed class BucketPages(SignedRequests requests, S3Address address)
{
    /// <summary>A service may look through much before it answers a listing.</summary>
    private const int Stalls = 4;

    /// <summary>A page that cannot be read was perhaps damaged on its way; not so often.</summary>
    private const int MostUnreadable = 3;

    /// <summary>Reads one page.</summary>
    /// <param name="policy">How long it goes on against faults.</param>
    /// <param name="query">What is asked for.</param>
    /// <param name="parse">Reads the document; throws <see cref="FormatException"/> with words that follow "The listing".</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException"><c>StoreListingIncomplete</c>, <c>StoreIsNotS3</c>, and what the service refuses with.</exception>
    /// <exception cref="OtherRegionException">The bucket is in another region.</exception>
    /// <returns>Null: the service does not have what was asked for.</returns>
    public Task<T?> ReadAsync<T>(RetryPolicy policy, IReadOnlyList<KeyValuePair<string, string>> query, Func<byte[], T> parse, CancellationToken cancellationToken)
        where T : class
    {
        int unreadable = 0;
        return policy.RunAsync<T?>(
            address.ToString(),
            async attempt =>
            {
                attempt.AwaitAnswer(Stalls);
                using HttpResponseMessage answer = await requests.GetAsync(query, attempt).ConfigureAwait(false);
                attempt.Alive();
                if (answer.StatusCode is HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed)
                    return null;
                if (answer.StatusCode != HttpStatusCode.OK)
                    throw await RefusalAsync(answer, attempt.Token).ConfigureAwait(false);
                byte[] document = await BoundedBody.ReadAsync(answer, BoundedBody.LongestPage, attempt).ConfigureAwait(false)
                    ?? throw Incomplete($"has a page of more than {BoundedBody.LongestPage} bytes");
                if (WebPage.Is(answer, document))
                    throw new StoreException("StoreIsNotS3", address.ToString(), $"What answers at {requests.Service} is a web page, not an S3 service.");
                try
                {
                    return parse(document);
                }
                catch (FormatException broken) when (++unreadable < MostUnreadable)
                {
                    throw new PassingFaultException($"The listing {broken.Message}.", broken);
                }
                catch (FormatException broken)
                {
                    throw Incomplete(broken.Message);
                }
            },
            cancellationToken);
    }

    /// <summary>The error for a listing that cannot be relied on.</summary>
    public StoreException Incomplete(string why) =>
        new("StoreListingIncomplete", address.ToString(), $"The listing that the service at {requests.Service} gives of {address} {why}.");

    private async Task<Exception> RefusalAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        ServiceAnswer refusal = await ServiceAnswer.ReadAsync(answer, cancellationToken).ConfigureAwait(false);
        Exception described = HttpAnswer.Describe(refusal, RefusedWork.Listing(address.ToString()));
        if (HttpAnswer.OtherRegion(refusal) is { } region)
            return new OtherRegionException(region, described);
        return described;
    }
}
