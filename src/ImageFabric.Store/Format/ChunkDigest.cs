using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ImageFabric.Store.Format;

/// <summary>The SHA-256 (FIPS 180-4) of a chunk's content, which is its name.</summary>
internal readonly struct ChunkDigest : IEquatable<ChunkDigest>
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = SHA256.HashSizeInBytes;

    private readonly ulong a;
    private readonly ulong b;
    private readonly ulong c;
    private readonly ulong d;

    /// <summary>Takes the 32 bytes of a digest.</summary>
    public ChunkDigest(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes[..Length]);
        (a, b, c, d) = (words[0], words[1], words[2], words[3]);
    }

    /// <summary>Its first eight bytes as a number.</summary>
    public ulong High => a;

    /// <summary>Its second eight bytes as a number.</summary>
    public ulong Low => b;

    /// <summary>The digest of a chunk's content.</summary>
    public static ChunkDigest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = stackalloc byte[Length];
        SHA256.HashData(content, bytes);
        return new ChunkDigest(bytes);
    }

    /// <summary>Writes the 32 bytes.</summary>
    public void CopyTo(Span<byte> destination)
    {
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(destination[..Length]);
        (words[0], words[1], words[2], words[3]) = (a, b, c, d);
    }

    public bool Equals(ChunkDigest other) => a == other.a && b == other.b && c == other.c && d == other.d;

    public override bool Equals(object? obj) => obj is ChunkDigest other && Equals(other);

    public override int GetHashCode() => (int)a;

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
