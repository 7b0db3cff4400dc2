using System.Security.Cryptography;

namespace ImageFabric.Disks.Files;

/// <summary>
/// The digest of a file that is read by ranges. What is read in the file's order is hashed on the way; what was left out or came out of order is read at
/// the end. Reads may overlap in time.
/// </summary>
/// <param name="algorithm">The hash function.</param>
internal sealed class ReadDigest(HashAlgorithmName algorithm) : IDisposable
{
    private const int PieceLength = 1 << 20;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(algorithm);
    private readonly Lock gate = new();
    private long done;

    /// <summary>Takes what was read of the file.</summary>
    public void Add(long offset, ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (offset > done || offset + bytes.Length <= done)
                return;
            hash.AppendData(bytes[(int)(done - offset)..]);
            done = offset + bytes.Length;
        }
    }

    /// <summary>Reads the rest of the file, which gives it here, and says the digest.</summary>
    /// <exception cref="DiskException">The file cannot be read.</exception>
    public async ValueTask<byte[]> FinishAsync(SourceFile file, CancellationToken cancellationToken)
    {
        byte[] piece = new byte[(int)Math.Min(PieceLength, file.Length)];
        while (done < file.Length)
            await file.ReadAsync(done, piece.AsMemory(0, (int)Math.Min(piece.Length, file.Length - done)), cancellationToken).ConfigureAwait(false);
        return hash.GetHashAndReset();
    }

    public void Dispose() => hash.Dispose();
}
