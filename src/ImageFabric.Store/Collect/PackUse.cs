using System.Numerics;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Collect;

/// <summary>Which parts of a pack images use: for each frame that is used, a bit for each sixty-fourth of its content in which a used chunk begins or goes on.</summary>
internal sealed class PackUse
{
    private const int Parts = 64;

    private List<FrameUse> frames = [];

    /// <summary>Stored bytes that are in use, as far as the parts of frames tell.</summary>
    public long LiveBytes
    {
        get
        {
            double live = 0;
            foreach (FrameUse frame in frames)
                live += frame.StoredLength * (BitOperations.PopCount(frame.Used) / (double)Parts);
            return (long)Math.Ceiling(live);
        }
    }

    /// <summary>Adds one image's use of the pack, its frames in the order of the pack.</summary>
    public void Add(IReadOnlyList<FrameUse> used)
    {
        var merged = new List<FrameUse>(Math.Max(frames.Count, used.Count));
        int at = 0;
        foreach (FrameUse frame in used)
        {
            while (at < frames.Count && frames[at].Offset < frame.Offset)
                merged.Add(frames[at++]);
            if (at < frames.Count && frames[at].Offset == frame.Offset)
                merged.Add(frames[at] with { Used = frames[at++].Used | frame.Used });
            else
                merged.Add(frame);
        }

        merged.AddRange(frames[at..]);
        frames = merged;
    }

    /// <summary>The parts of a frame's content that a chunk touches.</summary>
    public static ulong PartsOf(int offset, int length, int contentLength)
    {
        int first = (int)((long)offset * Parts / contentLength);
        int last = (int)((((long)offset + length) * Parts + contentLength - 1) / contentLength);
        ulong upTo = last >= Parts ? ulong.MaxValue : (1UL << last) - 1;
        return upTo & ~((1UL << first) - 1);
    }
}

/// <summary>The use of one frame.</summary>
internal readonly record struct FrameUse(int Offset, int StoredLength, ulong Used);
