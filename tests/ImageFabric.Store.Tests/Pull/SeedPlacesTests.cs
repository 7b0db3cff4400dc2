using ImageFabric.Store.Format;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.Tests.Pull;

public sealed class SeedPlacesTests
{
    [Fact]
    public void A_wanted_chunk_has_the_place_that_was_told_first_and_no_other_chunk_has_one()
    {
        const int Most = 1000;
        var places = new SeedPlaces(Most);
        for (int chunk = 0; chunk < Most; chunk++)
            places.Want(Digest(chunk));
        places.Want(Digest(0));
        Assert.Equal(Most, places.Count);

        for (int chunk = 0; chunk < 2 * Most; chunk += 2)
        {
            places.Tell(Digest(chunk), chunk * 4096L);
            places.Tell(Digest(chunk), 1);
        }

        for (int chunk = 0; chunk < 2 * Most; chunk++)
        {
            long? expected = chunk < Most && chunk % 2 == 0 ? chunk * 4096L : null;
            Assert.Equal(expected, places.TryFind(Digest(chunk), out long offset) ? offset : null);
        }
    }

    private static ChunkDigest Digest(int chunk) => ChunkDigest.Of(BitConverter.GetBytes(chunk));
}
