using System;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>Where hosts reach a store.</summary>
public static class StoreAddress
{
    /// <summary>The service's address, or a <c>file</c> address of a directory. Null for the user's own directory store, which is no host's business.</summary>
    public static string? ForHosts(StoreReference? store)
    {
        if (string.IsNullOrEmpty(store?.Uri))
            return null;
        if (!store!.Uri!.StartsWith("s3://", StringComparison.OrdinalIgnoreCase))
            return new UriBuilder(Uri.UriSchemeFile, "", -1, store.Uri).Uri.AbsoluteUri;
        return string.IsNullOrEmpty(store.Endpoint) ? $"https://s3.{(string.IsNullOrEmpty(store.Region) ? "us-east-1" : store.Region)}.amazonaws.com/" : store.Endpoint;
    }
}
