namespace ImageFabric.Store.Format;

/// <summary>Errors that are about one document of a store and what it names: they cost one image, and the work on others goes on.</summary>
public static class DocumentDamage
{
    /// <summary>True for such an error.</summary>
    public static bool IsOf(StoreException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.Id is "ManifestCorrupt" or "IndexCorrupt" or "ObjectMissing" or "StoreFormatNotSupported";
    }
}
