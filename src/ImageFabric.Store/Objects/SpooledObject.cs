using System.Security.Cryptography;

namespace ImageFabric.Store.Objects;

/// <summary>
/// An object's bytes, of which there may be more than are to be in memory: the first <see cref="InMemory"/> are, the others lie in a temporary file
/// without a name. Written from front to back, then read by any number of threads. Its digest is known as soon as it is written.
/// </summary>
public sealed class SpooledObject : IDisposable
{
    /// <summary>Bytes that stay in memory.</summary>
    internal const int InMemory = 4 * 1024 * 1024;

    private const int PieceLength = 1024 * 1024;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream memory = new();
    private TemporaryFile? file;

    /// <summary>Bytes it has.</summary>
    public long Length { get; private set; }

    /// <summary>Makes one of bytes that are in memory.</summary>
    public static SpooledObject Of(ReadOnlySpan<byte> bytes)
    {
        var made = new SpooledObject();
        made.Append(bytes);
        return made;
    }

    /// <summary>Reads an object of a store by ranges.</summary>
    /// <param name="source">Where it is read from.</param>
    /// <param name="key">Its key.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>, and what the source gives.</exception>
    public static async Task<SpooledObject> ReadAsync(IObjectSource source, string key, long length, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (length <= InMemory)
            return Of(await source.ReadAllAsync(key, length, cancellationToken).ConfigureAwait(false));
        var read = new SpooledObject();
        try
        {
            byte[] piece = new byte[PieceLength];
            while (read.Length < length)
            {
                Memory<byte> next = piece.AsMemory(0, (int)Math.Min(piece.Length, length - read.Length));
                await source.ReadRangeAsync(key, read.Length, next, cancellationToken).ConfigureAwait(false);
                read.Append(next.Span);
            }

            return read;
        }
        catch
        {
            read.Dispose();
            throw;
        }
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public static async Task<SpooledObject> ReadAsync(Stream source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var read = new SpooledObject();
        try
        {
            byte[] piece = new byte[PieceLength];
            while (await source.ReadAsync(piece, cancellationToken).ConfigureAwait(false) is > 0 and var count)
                read.Append(piece.AsSpan(0, count));
            return read;
        }
        catch
        {
            read.Dispose();
            throw;
        }
    }

    /// <summary>Adds bytes at its end.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        hash.AppendData(bytes);
        ReadOnlySpan<byte> kept = bytes[..(int)Math.Min(bytes.Length, InMemory - memory.Length)];
        memory.Write(kept);
        if (kept.Length < bytes.Length)
        {
            file ??= TemporaryFile.Create();
            file.Write(bytes[kept.Length..], Length + kept.Length - InMemory);
        }

        Length += bytes.Length;
    }

    /// <summary>Fills the destination from an offset on.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public void Read(Span<byte> destination, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + destination.Length, Length);
        if (offset < memory.Length)
        {
            ReadOnlySpan<byte> kept = memory.GetBuffer().AsSpan(0, (int)memory.Length)[(int)offset..];
            kept = kept[..Math.Min(kept.Length, destination.Length)];
            kept.CopyTo(destination);
            destination = destination[kept.Length..];
            offset += kept.Length;
        }

        if (destination.Length > 0)
            file!.Read(destination, offset - InMemory);
    }

    /// <summary>A stream of its bytes; it needs no disposal.</summary>
    public Stream OpenRead() => new SpooledStream(this, isLast: false);

    /// <summary>A stream of its bytes with which the object is disposed of.</summary>
    internal Stream OpenLastRead() => new SpooledStream(this, isLast: true);

    /// <summary>SHA-256 of the bytes that were added so far.</summary>
    public byte[] Digest() => hash.GetCurrentHash();

    /// <inheritdoc/>
    public void Dispose()
    {
        hash.Dispose();
        memory.Dispose();
        file?.Dispose();
    }
}
