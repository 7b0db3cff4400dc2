using System;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// Leads hosts to an HTTP cache in front of the store: the same addresses, at the cache's. The cache asks the store under the store's own name, which the
/// addresses are signed for.
/// </summary>
internal sealed class CachedGrants : IGrantSource
{
    private readonly IGrantSource _grants;
    private readonly Uri _cache;

    /// <summary>Addresses at a cache.</summary>
    /// <param name="grants">Addresses at the store.</param>
    /// <param name="endpoint">The cache's address, <c>http(s)://host[:port]</c>.</param>
    /// <param name="image">What the error is about.</param>
    /// <exception cref="FleetException"><c>InvalidRequest</c>: it is no such address.</exception>
    public CachedGrants(IGrantSource grants, string endpoint, string image)
    {
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? cache) || (cache.Scheme != Uri.UriSchemeHttp && cache.Scheme != Uri.UriSchemeHttps) || cache.PathAndQuery != "/")
            throw new FleetException("InvalidRequest", image, $"{endpoint} is not the address of a cache: that is http(s)://host[:port].");
        _grants = grants;
        _cache = cache;
    }

    /// <inheritdoc/>
    public async Task<GrantEvent> GrantAsync(DemandEvent demand, CancellationToken cancellationToken)
    {
        GrantEvent grant = await _grants.GrantAsync(demand, cancellationToken).ConfigureAwait(false);
        foreach (GrantedObject granted in grant.Objects)
            granted.Url = AtCache(granted.Url);
        return grant;
    }

    // What is signed, path and query, stays to the letter.
    private string AtCache(string url)
    {
        var address = new Uri(url);
        if (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            throw new FleetException("InvalidRequest", url, "The store is a directory; a cache is for stores that are servers.");
        int path = url.IndexOf('/', address.Scheme.Length + "://".Length);
        return _cache.GetLeftPart(UriPartial.Authority) + (path < 0 ? "/" : url.Substring(path));
    }
}
