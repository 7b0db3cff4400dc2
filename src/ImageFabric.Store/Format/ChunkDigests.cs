using System.Buffers.Binary;
using System.Security.Cryptography;

namespace ImageFabric.Store.Format;

/// <summary>
/// The digests of many chunks, side by side where the processor can do that. Where it cannot, and on machines that are to use validated cryptography only, the
/// system's library hashes one after the other.
/// </summary>
internal static unsafe class ChunkDigests
{
    private const int BlockLength = Sha256Lanes.BlockLength;

    // With fewer, the lanes that stay empty cost more than the others save.
    private const int Fewest = Sha256Lanes.Count / 2;

    private static readonly bool SideBySide = Sha256Lanes.IsSupported && !OnlyValidated();

    /// <summary>Computes the digests of pieces of a buffer.</summary>
    /// <param name="buffer">Holds the pieces.</param>
    /// <param name="pieces">Where each begins, and its length.</param>
    /// <param name="digests">Gets one for each.</param>
    public static void Compute(ReadOnlySpan<byte> buffer, ReadOnlySpan<(int Start, int Length)> pieces, Span<ChunkDigest> digests)
    {
        if (SideBySide && pieces.Length >= Fewest)
        {
            ComputeSideBySide(buffer, pieces, digests);
            return;
        }

        for (int p = 0; p < pieces.Length; p++)
            digests[p] = ChunkDigest.Of(buffer.Slice(pieces[p].Start, pieces[p].Length));
    }

    private static void ComputeSideBySide(ReadOnlySpan<byte> buffer, ReadOnlySpan<(int Start, int Length)> pieces, Span<ChunkDigest> digests)
    {
        // The longest first: then few lanes are empty at the end.
        int[] order = new int[pieces.Length];
        int[] shortness = new int[pieces.Length];
        for (int p = 0; p < pieces.Length; p++)
            (order[p], shortness[p]) = (p, -buffer.Slice(pieces[p].Start, pieces[p].Length).Length);
        Array.Sort(shortness, order);

        uint* state = stackalloc uint[Sha256Lanes.StateWords * Sha256Lanes.Count];
        byte** at = stackalloc byte*[Sha256Lanes.Count];
        byte* ends = stackalloc byte[2 * BlockLength * Sha256Lanes.Count];
        Span<Lane> lanes = stackalloc Lane[Sha256Lanes.Count];
        fixed (byte* content = buffer)
        {
            int next = 0;
            for (int l = 0; l < lanes.Length; l++)
                lanes[l] = new Lane(state + l, at + l, ends + (2 * BlockLength * l));
            while (true)
            {
                int blocks = int.MaxValue;
                byte* any = null;
                foreach (ref Lane lane in lanes)
                {
                    if (!lane.IsBusy && next < order.Length)
                    {
                        lane.Begin(order[next], content + pieces[order[next]].Start, pieces[order[next]].Length);
                        next++;
                    }

                    if (!lane.IsBusy)
                        continue;
                    any = lane.Position;
                    blocks = Math.Min(blocks, lane.Blocks);
                }

                if (any is null)
                    return;

                // Nobody asks what an empty lane finds in another one's blocks.
                foreach (ref Lane lane in lanes)
                    lane.KeepWithin(any);
                Sha256Lanes.Hash(state, at, blocks);
                foreach (ref Lane lane in lanes)
                {
                    if (lane.IsBusy && lane.Done(blocks))
                        digests[lane.Piece] = lane.Finish();
                }
            }
        }
    }

    // Windows has a policy for it, and Linux a mode of its kernel.
    private static bool OnlyValidated()
    {
        try
        {
            return CryptoConfig.AllowOnlyFipsAlgorithms || (OperatingSystem.IsLinux() && File.ReadAllText("/proc/sys/crypto/fips_enabled").StartsWith('1'));
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // One message at a time: its whole blocks where they lie, then the padded end (FIPS 180-4, section 5.1.1).
    private struct Lane(uint* state, byte** at, byte* end)
    {
        private int endBlocks;
        private bool atEnd;

        public int Piece { get; private set; } = -1;

        public int Blocks { get; private set; }

        public readonly bool IsBusy => Piece >= 0;

        public readonly byte* Position => *at;

        public void Begin(int piece, byte* content, int length)
        {
            Piece = piece;
            int rest = length % BlockLength;
            endBlocks = rest < BlockLength - 8 ? 1 : 2;
            var padded = new Span<byte>(end, 2 * BlockLength);
            padded.Clear();
            new ReadOnlySpan<byte>(content + length - rest, rest).CopyTo(padded);
            padded[rest] = 0x80;
            BinaryPrimitives.WriteInt64BigEndian(padded[((endBlocks * BlockLength) - 8)..], 8L * length);
            atEnd = length < BlockLength;
            Blocks = atEnd ? endBlocks : length / BlockLength;
            *at = atEnd ? end : content;
            for (int w = 0; w < Sha256Lanes.StateWords; w++)
                state[w * Sha256Lanes.Count] = Sha256Lanes.InitialState[w];
        }

        public readonly void KeepWithin(byte* any)
        {
            if (!IsBusy)
                *at = any;
        }

        public bool Done(int blocks)
        {
            Blocks -= blocks;
            if (Blocks > 0 || atEnd)
                return Blocks == 0;
            (Blocks, atEnd) = (endBlocks, true);
            *at = end;
            return false;
        }

        public ChunkDigest Finish()
        {
            Piece = -1;
            Span<byte> bytes = stackalloc byte[ChunkDigest.Length];
            for (int w = 0; w < Sha256Lanes.StateWords; w++)
                BinaryPrimitives.WriteUInt32BigEndian(bytes[(4 * w)..], state[w * Sha256Lanes.Count]);
            return new ChunkDigest(bytes);
        }
    }
}
