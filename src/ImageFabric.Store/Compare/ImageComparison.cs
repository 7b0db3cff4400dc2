using ImageFabric.Store.Format;

namespace ImageFabric.Store.Compare;

/// <summary>What two images share, told from their indexes alone: no pack is read.</summary>
/// <param name="SharedBytes">Bytes of the second image's disk, in chunks that the first one has as well.</param>
/// <param name="NewBytes">Bytes of the second image's disk, in chunks that the first one does not have.</param>
/// <param name="RemovedBytes">Bytes of the first image's disk, in chunks that the second one does not have.</param>
/// <param name="NewStoredBytes">Bytes of the frames that hold the new chunks: about what a host that has the first image fetches for the second.</param>
public sealed record ImageComparison(long SharedBytes, long NewBytes, long RemovedBytes, long NewStoredBytes)
{
    /// <summary>Compares two images. Images that were cut in different ways share nothing that can be told.</summary>
    /// <param name="reference">The first image.</param>
    /// <param name="difference">The second image.</param>
    public static ImageComparison Of(ImageIndex reference, ImageIndex difference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(difference);

        bool[] isNew = MissingChunks.Of(difference.Chunks, reference.Chunks);
        bool[] wanted = new bool[difference.Frames.Length];
        long shared = 0;
        long added = 0;
        int row = 0;
        foreach (ref readonly IndexedChunk chunk in difference.Chunks)
        {
            wanted[chunk.Frame] |= isNew[row];
            (isNew[row++] ? ref added : ref shared) += chunk.Length;
        }

        bool[] isGone = MissingChunks.Of(reference.Chunks, difference.Chunks);
        long removed = 0;
        row = 0;
        foreach (ref readonly IndexedChunk chunk in reference.Chunks)
            removed += isGone[row++] ? chunk.Length : 0;
        long stored = 0;
        for (int f = 0; f < wanted.Length; f++)
            stored += wanted[f] ? difference.Frames[f].StoredLength : 0;
        return new ImageComparison(shared, added, removed, stored);
    }
}
