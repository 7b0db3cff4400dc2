namespace ImageFabric.Store.Objects;

/// <summary>The bucket is in another region, which the service names. Ends when the store is opened anew for that region.</summary>
internal sealed class OtherRegionException(string region, Exception refusal) : Exception(refusal.Message, refusal)
{
    public string Region { get; } = region;
}
