using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Wrapped;

/// <summary>A source file from its begin to its end, for those who read streams.</summary>
internal sealed class SourceStream(SourceFile file) : ForwardStream
{
    private long position;

    /// <summary>Where it is read next, in bytes; it may be set.</summary>
    public override long Position
    {
        get => position;
        set => position = value;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Memory<byte> part = buffer[..(int)Math.Min(buffer.Length, file.Length - position)];
        await file.ReadAsync(position, part, cancellationToken).ConfigureAwait(false);
        position += part.Length;
        return part.Length;
    }
}
