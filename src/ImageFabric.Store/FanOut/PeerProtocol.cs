using System.Buffers.Binary;
using System.Net.Security;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.FanOut;

/// <summary>
/// What hosts say to each other, over TLS. Design page "Fan-out", "Between hosts". A request is a token of 32 bytes, a count of frames and their numbers; each is
/// answered, in that order, by how it is stored, its length and its bytes.
/// </summary>
internal static class PeerProtocol
{
    /// <summary>Bytes of a token.</summary>
    public const int TokenLength = 32;

    /// <summary>Most frames in one request.</summary>
    public const int MostFrames = 4096;

    /// <summary>Stands for the index where a frame's number stands.</summary>
    public const uint Index = uint.MaxValue;

    /// <summary>Bytes before a frame's own.</summary>
    public const int HeadLength = 5;

    /// <summary>Stands for how it is stored when the host does not have it.</summary>
    public const byte Absent = 255;

    private const int RequestHeadLength = TokenLength + 2;

    /// <summary>Writes a request.</summary>
    public static byte[] Request(ReadOnlySpan<byte> token, IReadOnlyList<uint> frames)
    {
        byte[] request = new byte[RequestHeadLength + (4 * frames.Count)];
        token.CopyTo(request);
        BinaryPrimitives.WriteUInt16LittleEndian(request.AsSpan(TokenLength), checked((ushort)frames.Count));
        for (int i = 0; i < frames.Count; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(RequestHeadLength + (4 * i)), frames[i]);
        return request;
    }

    /// <summary>Reads a request.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="isToken">Tells whether a token is the right one.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The frames' numbers; null when the other side has ended, or is none of this sync.</returns>
    public static async Task<uint[]?> ReadRequestAsync(SslStream stream, Func<byte[], bool> isToken, CancellationToken cancellationToken)
    {
        byte[] head = new byte[RequestHeadLength];
        if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) < head.Length)
            return null;
        int count = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(TokenLength));
        if (!isToken(head[..TokenLength]) || count is 0 or > MostFrames)
            return null;
        byte[] numbers = new byte[4 * count];
        await stream.ReadExactlyAsync(numbers, cancellationToken).ConfigureAwait(false);
        return [.. Enumerable.Range(0, count).Select(i => BinaryPrimitives.ReadUInt32LittleEndian(numbers.AsSpan(4 * i)))];
    }

    /// <summary>Writes what stands before a frame's bytes.</summary>
    public static void WriteHead(Span<byte> head, byte storedAs, int length)
    {
        head[0] = storedAs;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], length);
    }

    /// <summary>Reads what stands before a frame's bytes.</summary>
    /// <returns>Null when the host does not have it, or what it says is not of this protocol.</returns>
    public static (FrameCodec Codec, int Length)? ReadHead(ReadOnlySpan<byte> head, int longest)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(head[1..]);
        return head[0] <= (byte)FrameCodec.Zstd && length > 0 && length <= longest ? ((FrameCodec)head[0], length) : null;
    }
}
