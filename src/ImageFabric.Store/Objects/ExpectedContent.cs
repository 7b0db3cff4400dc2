namespace ImageFabric.Store.Objects;

/// <summary>Looks whether an object still is what somebody saw.</summary>
internal static class ExpectedContent
{
    public static async Task<bool> HoldsAsync(this IObjectSource source, string key, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        try
        {
            byte[] found = await source.ReadAllAsync(key, expected.Length, cancellationToken).ConfigureAwait(false);
            return found.AsSpan().SequenceEqual(expected.Span);
        }
        catch (StoreException other) when (other.Id is "ObjectMissing" or "StoreFormatNotSupported")
        {
            // Gone, or longer.
            return false;
        }
    }
}
