using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace ImageFabric.Store.Format;

/// <summary>The name of an image's content: <c>sha256:</c> and 64 hexadecimal digits. Equal content has equal ids, whatever file it came from.</summary>
public readonly record struct ImageId
{
    private const string Prefix = "sha256:";

    private ImageId(string hex) => Hex = hex;

    /// <summary>The 64 lower-case hexadecimal digits.</summary>
    public string Hex { get; }

    /// <summary>Reads <c>sha256:…</c>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ImageId id)
    {
        id = default;
        return text is not null && text.StartsWith(Prefix, StringComparison.Ordinal) && TryParseHex(text[Prefix.Length..], out id);
    }

    /// <summary>Reads the digits alone.</summary>
    internal static bool TryParseHex(string hex, out ImageId id)
    {
        id = default;
        if (hex.Length != 2 * SHA256.HashSizeInBytes || !hex.All(char.IsAsciiHexDigitLower))
            return false;
        id = new ImageId(hex);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Prefix + Hex;

    internal static ImageId FromBytes(ReadOnlySpan<byte> digest) => new(Convert.ToHexStringLower(digest));

    /// <summary>Computes an id from the disk's size and its chunks, given in the order of the disk.</summary>
    internal sealed class Hasher : IDisposable
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] row = new byte[8 + 4 + ChunkDigest.Length];

        public Hasher(long virtualSize)
        {
            Span<byte> head = stackalloc byte[16];
            "IFIMAGE1"u8.CopyTo(head);
            BinaryPrimitives.WriteInt64LittleEndian(head[8..], virtualSize);
            hash.AppendData(head);
        }

        public void Append(long offset, int length, in ChunkDigest digest)
        {
            BinaryPrimitives.WriteInt64LittleEndian(row, offset);
            BinaryPrimitives.WriteInt32LittleEndian(row.AsSpan(8), length);
            digest.CopyTo(row.AsSpan(12));
            hash.AppendData(row);
        }

        public ImageId Finish()
        {
            Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
            hash.GetHashAndReset(digest);
            return FromBytes(digest);
        }

        public void Dispose() => hash.Dispose();
    }
}
