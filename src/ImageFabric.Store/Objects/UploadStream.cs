namespace ImageFabric.Store.Objects;

/// <summary>Fills the destination from an offset on.</summary>
internal delegate void ReadPiece(Span<byte> destination, long offset);

/// <summary>The body of one upload attempt, which tells the attempt when bytes move. Read at once for a signature that is not known yet, then asynchronously for the wire.</summary>
internal sealed class UploadStream(ReadPiece content, long length, Attempt attempt, BandwidthLimit? limit) : Stream
{
    /// <summary>What lies in send buffers at the end may take long on a slow line, and the store writes before it answers.</summary>
    public const int AnswerStalls = 4;

    private const int LimitedPiece = 16 * 1024;

    private long position;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => length;

    /// <inheritdoc/>
    public override long Position
    {
        get => position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, length);
            position = value;
        }
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Min(buffer.Length, length - position);
        content(buffer[..count], position);
        position += count;
        if (position == length)
            attempt.AwaitAnswer(AnswerStalls);
        else
            attempt.Alive();
        return count;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (limit is not null)
        {
            // Small pieces: several uploads share the rate, and none may be silent for long.
            buffer = buffer[..Math.Min(buffer.Length, LimitedPiece)];
            await limit.SpendAsync((int)Math.Min(buffer.Length, length - position), attempt.Alive, cancellationToken).ConfigureAwait(false);
        }

        return Read(buffer.Span);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin)
    {
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => position + offset,
            _ => length + offset,
        };
        return position;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
