using ImageFabric.Store.Format;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.Compare;

/// <summary>Tells which chunks of one image another does not have, in bounded memory however large both are.</summary>
internal static class MissingChunks
{
    // At 22 bytes each; a larger image takes several passes.
    private const int ChunksAtOnce = 3 * 1024 * 1024;

    /// <summary>For each chunk of an image whether the other one lacks it.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public static bool[] Of(ChunkRows image, ChunkRows other, int atOnce = ChunksAtOnce)
    {
        bool[] missing = new bool[image.Length];
        for (int first = 0; first < missing.Length; first += atOnce)
        {
            int end = Math.Min(first + atOnce, missing.Length);
            var places = new SeedPlaces(end - first);
            int row = -1;
            foreach (ref readonly IndexedChunk chunk in image)
            {
                if (++row >= first && row < end)
                    places.Want(chunk.Digest);
            }

            foreach (ref readonly IndexedChunk chunk in other)
                places.Tell(chunk.Digest, chunk.Offset);
            row = -1;
            foreach (ref readonly IndexedChunk chunk in image)
            {
                if (++row >= first && row < end)
                    missing[row] = !places.TryFind(chunk.Digest, out _);
            }
        }

        return missing;
    }
}
