namespace ImageFabric.Store.Objects;

/// <summary>The body of an upload that is another one on the wire than it was when it was signed: it changes when it is begun again.</summary>
internal sealed class DamagedStream : MemoryStream
{
    private readonly byte[] content;
    private bool damaged;

    public DamagedStream(byte[] content)
        : base(content) => this.content = content;

    /// <inheritdoc/>
    public override long Position
    {
        get => base.Position;
        set
        {
            if (value == 0 && base.Position == Length && !damaged)
            {
                content[0] ^= 1;
                damaged = true;
            }

            base.Position = value;
        }
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin loc)
    {
        if (offset == 0 && loc == SeekOrigin.Begin)
            Position = 0;
        return base.Seek(offset, loc);
    }
}
