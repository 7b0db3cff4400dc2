using System.Security.Cryptography;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Tests.Format;

public sealed class ChunkDigestsTests
{
    // Around the ends of blocks of 64 bytes, and of the 56 that leave room for the length.
    private static readonly int[] Lengths = [1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 4095, 4096, 8192, 11_808, 65_536];

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(33)]
    [InlineData(200)]
    public void Each_digest_is_the_SHA_256_of_its_piece(int count)
    {
        var random = new Random(count);
        var pieces = new (int Start, int Length)[count];
        int end = 5;
        for (int p = 0; p < count; p++)
        {
            pieces[p] = (end, Lengths[random.Next(Lengths.Length)]);
            end += pieces[p].Length + random.Next(3);
        }

        byte[] buffer = new byte[end];
        random.NextBytes(buffer);
        var digests = new ChunkDigest[count];
        ChunkDigests.Compute(buffer, pieces, digests);
        for (int p = 0; p < count; p++)
            Assert.Equal(new ChunkDigest(SHA256.HashData(buffer.AsSpan(pieces[p].Start, pieces[p].Length))), digests[p]);
    }

    [Fact]
    public void Each_length_is_right_beside_any_other()
    {
        foreach (int length in Lengths)
        {
            // One piece of the length among fifteen that go on, and then alone among lanes that have nothing left.
            byte[] buffer = new byte[length + (40 * 1000)];
            new Random(length).NextBytes(buffer);
            (int Start, int Length)[] pieces = [(0, length), .. Enumerable.Range(0, 40).Select(p => (length + (p * 1000), 1000 - p))];
            var digests = new ChunkDigest[pieces.Length];
            ChunkDigests.Compute(buffer, pieces, digests);
            Assert.All(pieces.Zip(digests), pair => Assert.Equal(new ChunkDigest(SHA256.HashData(buffer.AsSpan(pair.First.Start, pair.First.Length))), pair.Second));
        }
    }

    [Fact]
    public void A_piece_that_lies_outside_is_refused()
    {
        (int Start, int Length)[] pieces = [.. Enumerable.Repeat((0, 100), 20), (50, 51)];
        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkDigests.Compute(new byte[100], pieces, new ChunkDigest[pieces.Length]));
    }
}
