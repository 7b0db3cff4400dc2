using System.Security.Cryptography;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Catalog;

/// <summary>
/// Copies of manifests with the tags that the store gave them, as one piece: in the user's cache, and in the store itself. A copy counts only while a listing
/// has the same tag and length for its key. Store format, "Catalog".
/// </summary>
internal sealed class ManifestBundle
{
    /// <summary>No bundle's content is longer, in bytes: about 90,000 manifests.</summary>
    public const int LongestContent = 64 * 1024 * 1024;

    private const int LongestTag = 1024;

    private readonly Dictionary<string, (string Tag, byte[] Json)> copies = new(StringComparer.Ordinal);

    private static ReadOnlySpan<byte> Head => "IFCATLG1"u8;

    /// <summary>How many manifests it has.</summary>
    public int Count => copies.Count;

    /// <summary>The copy of what a listing found, if there is one that counts.</summary>
    public bool TryFind(StoredObject listed, out byte[] json)
    {
        bool found = copies.TryGetValue(listed.Key, out (string Tag, byte[] Json) copy) && copy.Tag == listed.Tag && copy.Json.Length == listed.Length;
        json = found ? copy.Json : [];
        return found;
    }

    public void Add(StoredObject listed, byte[] json)
    {
        if (listed.Tag is { Length: <= LongestTag })
            copies[listed.Key] = (listed.Tag, json);
    }

    /// <summary>The bundle as bytes, or null when it would be longer than allowed.</summary>
    public byte[]? Serialize()
    {
        var content = new ByteWriter();
        content.Varint(copies.Count);
        foreach ((string key, (string tag, byte[] json)) in copies)
        {
            Write(content, System.Text.Encoding.UTF8.GetBytes(key));
            Write(content, System.Text.Encoding.UTF8.GetBytes(tag));
            Write(content, json);
            if (content.Length > LongestContent)
                return null;
        }

        byte[] result = new byte[Head.Length + 4 + SHA256.HashSizeInBytes + ZstdCodec.CompressBound(content.Length)];
        Head.CopyTo(result);
        BitConverter.TryWriteBytes(result.AsSpan(Head.Length), content.Length);
        SHA256.HashData(content.Written.Span, result.AsSpan(Head.Length + 4));
        using var zstd = new ZstdCodec(level: 1);
        int stored = zstd.Compress(content.Written.Span, result.AsSpan(Head.Length + 4 + SHA256.HashSizeInBytes));
        return result[..(Head.Length + 4 + SHA256.HashSizeInBytes + stored)];
    }

    /// <summary>Reads a bundle. One that is damaged holds nothing.</summary>
    public static ManifestBundle Parse(ReadOnlySpan<byte> bytes)
    {
        var bundle = new ManifestBundle();
        try
        {
            bundle.Read(bytes);
            return bundle;
        }
        catch (FormatException)
        {
            return new ManifestBundle();
        }
    }

    private void Read(ReadOnlySpan<byte> bytes)
    {
        var outer = new ByteReader(bytes);
        if (!outer.Take(Head.Length).SequenceEqual(Head))
            throw new FormatException("it is no bundle");
        uint length = outer.UInt32();
        ReadOnlySpan<byte> digest = outer.Take(SHA256.HashSizeInBytes);
        if (length > LongestContent)
            throw new FormatException("it is too long");
        byte[] content = new byte[length];
        using var zstd = new ZstdCodec();
        if (zstd.Decompress(outer.Take(outer.Remaining), content) != content.Length || !SHA256.HashData(content).AsSpan().SequenceEqual(digest))
            throw new FormatException("it is damaged");
        var reader = new ByteReader(content);
        int count = reader.Number(content.Length);
        for (int i = 0; i < count; i++)
        {
            string key = System.Text.Encoding.UTF8.GetString(reader.Take(reader.Number(content.Length)));
            string tag = System.Text.Encoding.UTF8.GetString(reader.Take(reader.Number(LongestTag)));
            copies[key] = (tag, reader.Take(reader.Number(FormatLimits.LongestDocument)).ToArray());
        }
    }

    private static void Write(ByteWriter content, ReadOnlySpan<byte> bytes)
    {
        content.Varint(bytes.Length);
        content.Bytes(bytes);
    }
}
