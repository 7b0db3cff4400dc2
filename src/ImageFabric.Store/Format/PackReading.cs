using System.Security.Cryptography;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Format;

/// <summary>Reads whole packs into buffers of a pool and holds them to the digest in their name.</summary>
internal sealed class PackReading(IObjectSource source)
{
    private const int PieceLength = 4 * 1024 * 1024;

    private readonly BufferPool buffers = new(FormatLimits.LongestPack);

    /// <summary>Reads a pack.</summary>
    /// <param name="key">Its key, which holds its digest.</param>
    /// <param name="length">Its length in bytes, as a listing says.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException"><c>PackCorrupt</c>, <c>ObjectMissing</c>, and what the source gives.</exception>
    public async Task<WholePack> ReadAsync(string key, long length, CancellationToken cancellationToken)
    {
        WholePack pack = await ReadAnyAsync(key, length, cancellationToken).ConfigureAwait(false);
        if (pack.IsIntact)
            return pack;
        pack.Dispose();
        throw new StoreException("PackCorrupt", key, $"The pack {key} does not have the content its name promises.");
    }

    /// <summary>Reads a pack even when its content is not what its name promises.</summary>
    /// <exception cref="StoreException"><c>PackCorrupt</c> when it is longer than any pack, <c>ObjectMissing</c>, and what the source gives.</exception>
    public async Task<WholePack> ReadAnyAsync(string key, long length, CancellationToken cancellationToken)
    {
        byte[] digest = ObjectKeys.PackDigest(key) ?? throw new ArgumentException($"{key} is no pack's key.", nameof(key));
        if (length > FormatLimits.LongestPack)
            throw new StoreException("PackCorrupt", key, $"The pack {key} has {length} bytes; none has more than {FormatLimits.LongestPack}.");
        byte[] buffer = buffers.Rent();
        try
        {
            Memory<byte> content = buffer.AsMemory(0, (int)length);
            bool intact = false;

            // What is damaged on its way is read once more: the second look decides.
            for (int look = 0; look < 2 && !intact; look++)
            {
                for (int offset = 0; offset < content.Length; offset += PieceLength)
                    await source.ReadRangeAsync(key, offset, content.Slice(offset, Math.Min(PieceLength, content.Length - offset)), cancellationToken).ConfigureAwait(false);
                intact = SHA256.HashData(content.Span).AsSpan().SequenceEqual(digest);
            }

            return new WholePack(buffers, buffer, content, intact);
        }
        catch
        {
            buffers.Return(buffer);
            throw;
        }
    }
}

/// <summary>The bytes of a pack, until it is disposed of.</summary>
internal sealed class WholePack(BufferPool pool, byte[] buffer, ReadOnlyMemory<byte> content, bool isIntact) : IDisposable
{
    private byte[]? rented = buffer;

    public ReadOnlyMemory<byte> Content => content;

    /// <summary>True when the content is what the pack's name promises.</summary>
    public bool IsIntact => isIntact;

    /// <summary>The pack's own description, or null when it has none that can be read.</summary>
    public PackFooter? TryReadFooter()
    {
        ReadOnlySpan<byte> bytes = content.Span;
        if (bytes.Length < PackFooter.Header.Length + PackFooter.TrailerLength || !bytes.StartsWith(PackFooter.Header))
            return null;
        int length = PackFooter.LengthFromTrailer(bytes[^PackFooter.TrailerLength..], bytes.Length);
        if (length < 0)
            return null;
        try
        {
            return PackFooter.Parse(bytes[^(length + PackFooter.TrailerLength)..], bytes.Length);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The same frames under another name, or null when the pack has no description that can be read.</summary>
    public ReadOnlyMemory<byte>? TrySalt(byte[] salt)
    {
        if (TryReadFooter() is not { Frames: [.., var last] } footer)
            return null;
        return (byte[])[.. content.Span[..(last.Offset + last.StoredLength)], .. (footer with { Salt = salt }).Serialize()];
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref rented, null) is { } mine)
            pool.Return(mine);
    }
}
