using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace ImageFabric.Store.Objects;

/// <summary>
/// Lists a bucket, page by page. Either all of it comes, each key once, or an error: after a listing that broke off quietly a collector would delete what
/// it did not show.
/// </summary>
internal sealed class S3Listing(BucketPages pages, S3Address address)
{
    /// <summary>Pages without a key that may follow one another: a thousand keys that were deleted on each.</summary>
    private const int MostEmptyPages = 10_000;

    /// <summary>Lists what lies below a prefix of the store.</summary>
    /// <param name="policy">How long it goes on against faults.</param>
    /// <param name="prefix">What the keys begin with.</param>
    /// <param name="pageLength">Keys on a page. Null: as many as the service likes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException"><c>StoreListingIncomplete</c>, <c>StoreIsNotS3</c>, and what the service refuses with.</exception>
    public async IAsyncEnumerable<StoredObject> ListAsync(RetryPolicy policy, string prefix, int? pageLength, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string start = address.Prefix + prefix;
        var seen = new HashSet<UInt128>();
        var tokens = new HashSet<string>(StringComparer.Ordinal);
        List<KeyValuePair<string, string>> query = Query(start, pageLength);
        for (int empty = 0; ;)
        {
            ListingPage page = await PageAsync(policy, query, cancellationToken).ConfigureAwait(false);
            foreach (StoredObject one in page.Objects)
            {
                if (!one.Key.StartsWith(start, StringComparison.Ordinal))
                    throw pages.Incomplete($"has the key '{one.Key}', which was not asked for");

                // Consoles leave empty objects in place of folders, and other programs keys that are none here.
                string key = one.Key[address.Prefix.Length..];
                if (ObjectKey.IsKey(key) && seen.Add(Short(key)))
                    yield return one with { Key = key };
            }

            if (!page.IsTruncated)
                yield break;
            empty = page.Objects.Count == 0 ? empty + 1 : 0;
            if (empty > MostEmptyPages)
                throw pages.Incomplete($"has more than {MostEmptyPages} pages without a key");

            // A service of version 1 goes on behind the last key.
            string token = page.NextToken ?? (page.IsVersion1 ? page.NextMarker ?? page.Objects.LastOrDefault()?.Key : null)
                ?? throw pages.Incomplete("goes on and does not say where");
            if (!tokens.Add(token))
                throw pages.Incomplete("leads back to a page that it had before");
            query = Query(start, pageLength);
            query.Add(new(page.NextToken is null ? "marker" : "continuation-token", token));
        }
    }

    /// <summary>Asks for one key at most: whether bucket, credentials and service are good. Listing needs no more rights than the store's work, and unlike HEAD says what is wrong.</summary>
    /// <exception cref="OtherRegionException">The bucket is in another region.</exception>
    /// <exception cref="StoreException">As for listing.</exception>
    public Task ProbeAsync(RetryPolicy policy, CancellationToken cancellationToken) =>
        PageAsync(policy, Query(address.Prefix, pageLength: 1), cancellationToken);

    private async Task<ListingPage> PageAsync(RetryPolicy policy, List<KeyValuePair<string, string>> query, CancellationToken cancellationToken) =>
        await pages.ReadAsync(policy, query, ListingPage.Parse, cancellationToken).ConfigureAwait(false)
        ?? throw new StoreException("StoreIsNotS3", address.ToString(), "What answers at the store's endpoint lists no buckets, and so is no S3 service.");

    private static List<KeyValuePair<string, string>> Query(string start, int? pageLength)
    {
        var query = new List<KeyValuePair<string, string>> { new("list-type", "2"), new("prefix", start) };
        if (pageLength is { } length)
            query.Add(new("max-keys", $"{length}"));
        return query;
    }

    // Sixteen bytes of a digest in place of a key: a store may have millions.
    private static UInt128 Short(string key)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }
}
