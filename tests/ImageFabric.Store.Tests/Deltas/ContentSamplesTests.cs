using System.Buffers.Binary;
using ImageFabric.Store.Deltas;

namespace ImageFabric.Store.Tests.Deltas;

public sealed class ContentSamplesTests
{
    [Fact]
    public void Shifted_content_shares_its_samples_and_other_content_none()
    {
        byte[] content = Noise(1, 40_000);
        ulong[] samples = Take(content);
        Assert.Equal(ContentSamples.Most, samples.Length);
        Assert.Equal(samples, samples.Order());
        for (int shift = 0; shift < 40; shift++)
            Assert.Equal(samples, Take([.. new byte[shift], .. content]));
        Assert.Empty(samples.Intersect(Take(Noise(2, 40_000))));
    }

    [Fact]
    public void Content_that_changed_here_and_there_shares_most_samples()
    {
        byte[] content = Noise(3, 40_000);
        ulong[] samples = Take(content);
        for (int at = 1000; at < content.Length; at += 4000)
            content[at] ^= 0x55;
        Assert.InRange(samples.Intersect(Take(content)).Count(), ContentSamples.Most / 2, ContentSamples.Most);
    }

    [Fact]
    public void Every_place_is_looked_at_whatever_the_length()
    {
        // The one run that is looked at is found at every place of content of every length, by vectors or one by one.
        byte[] run = new byte[32];
        new Random(4).NextBytes(run);
        uint first = 0;
        while ((first * 0x9E3779B1) >> 24 != 0x5A)
            first++;
        BinaryPrimitives.WriteUInt32LittleEndian(run, first);
        ulong sample = Assert.Single(Take(run));
        for (int length = 32; length < 140; length++)
        {
            for (int at = 0; at + run.Length <= length; at++)
            {
                byte[] content = new byte[length];
                run.CopyTo(content, at);
                Assert.Contains(sample, Take(content));
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    public void What_is_shorter_than_a_run_has_none(int length) => Assert.Empty(Take(new byte[length]));

    [Fact]
    public void What_repeats_counts_once()
    {
        byte[] piece = Noise(5, 512);
        byte[] content = [.. Enumerable.Repeat(piece, 20).SelectMany(static p => p)];
        ulong[] samples = Take(content);
        Assert.Equal(samples.Distinct(), samples);
    }

    private static ulong[] Take(byte[] content)
    {
        var samples = new ulong[ContentSamples.Most];
        return samples[..ContentSamples.Take(content, samples)];
    }

    private static byte[] Noise(int seed, int length)
    {
        byte[] noise = new byte[length];
        new Random(seed).NextBytes(noise);
        return noise;
    }
}
