using System.Security.Cryptography;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Collect;

/// <summary>
/// Which packs and indexes of a store are marked. A writer treats them as absent, and gives what it writes in their place another name.
/// It looks at the marks before it looks at what is there, never after.
/// </summary>
internal sealed class ObjectMarks
{
    private const int LongestMark = 4096;
    private const int SaltLength = 16;

    private readonly Dictionary<string, StoredObject> marks = new(StringComparer.Ordinal);

    private ObjectMarks()
    {
    }

    /// <summary>The marks by the key of what they mark.</summary>
    public IReadOnlyDictionary<string, StoredObject> ByKey => marks;

    public static async Task<ObjectMarks> ListAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        var found = new ObjectMarks();
        await foreach (StoredObject mark in store.ListAsync(ObjectKeys.MarkPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectKeys.MarkedBy(mark.Key) is { } key)
                found.marks[key] = mark;
        }

        return found;
    }

    public bool Contains(string key) => marks.ContainsKey(key);

    /// <summary>What a mark says, or null when there is none any more.</summary>
    public static async Task<ObjectMark?> TryReadAsync(IObjectStore store, string key, CancellationToken cancellationToken)
    {
        try
        {
            return ObjectMark.Parse(await store.ReadAllAsync(ObjectKeys.Mark(key), LongestMark, cancellationToken).ConfigureAwait(false));
        }
        catch (StoreException gone) when (gone.Id == "ObjectMissing")
        {
            return null;
        }
        catch (StoreException endless) when (endless.Id == "StoreFormatNotSupported")
        {
            // Longer than any mark: it says nothing that can be read.
            return ObjectMark.Parse([]);
        }
    }

    /// <summary>Bytes that make a name that no object has had.</summary>
    public static byte[] NewSalt() => RandomNumberGenerator.GetBytes(SaltLength);
}
