namespace ImageFabric.Store.Objects;

/// <summary>Errors of objects that are not as long as their reader needs.</summary>
internal static class ObjectLength
{
    /// <summary>An object that no honest store could hold under its key.</summary>
    public static StoreException TooLong(string key, long length, long maximumLength) => new(
        "StoreFormatNotSupported", key, $"The object {key} has {length} bytes, and {maximumLength} at most were expected.");

    /// <summary>An object that ends before the byte before <paramref name="wanted"/>.</summary>
    public static StoreException TooShort(string key, long wanted) => new(
        "ObjectMissing", key, $"The object {key} is not whole: it ends before byte {wanted}.");
}
