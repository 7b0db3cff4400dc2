using System.Runtime.CompilerServices;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Vhd;

namespace ImageFabric.Disks.Wrapped;

/// <summary>
/// A raw disk that is compressed as a whole: gzip (RFC 1952), xz, or zstd (RFC 8878). It is decompressed on the way, from front to back, each time its extents
/// are read; only its begin can be read at any time. How long it is, is known at its end.
/// </summary>
internal sealed class WrappedDisk : ILogicalDisk
{
    private const int PieceLength = 1 << 20;

    private readonly SourceFile file;
    private readonly string wrapper;
    private readonly DiskPolicy policy;
    private readonly byte[] head;
    private byte[] piece;
    private long pieceOffset;
    private int pieceLength;

    private WrappedDisk(SourceFile file, string wrapper, DiskPolicy policy, byte[] head)
    {
        (this.file, this.wrapper, this.policy, this.head) = (file, wrapper, policy, head);
        (piece, pieceLength, Length) = (head, head.Length, head.Length);
    }

    public string Format => "raw";

    public string? Subformat => wrapper;

    public bool IsSequential => true;

    public long Length { get; private set; }

    public long FileLength => file.Length;

    public IReadOnlyList<DiskNotice> Notices { get; private set; } = [];

    /// <summary>Looks at the begin of what is compressed.</summary>
    /// <param name="file">The compressed file.</param>
    /// <param name="wrapper"><c>gzip</c>, <c>xz</c> or <c>zstd</c>.</param>
    /// <param name="policy">What may be read.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says; <c>FormatFeatureNotSupported</c> for a disk of another format.</exception>
    public static async Task<ILogicalDisk> OpenAsync(SourceFile file, string wrapper, DiskPolicy policy, CancellationToken cancellationToken)
    {
        if (wrapper == "xz" && !LzmaLibrary.Available)
            throw new DiskException("FormatNotSupported", file.Path, "The file is compressed with xz, and this machine has no liblzma; unpack it first.");
        byte[] head = new byte[PieceLength];
        await using Stream content = Decompress(file, wrapper);
        int length = await FillAsync(file, wrapper, content, head, cancellationToken).ConfigureAwait(false);
        string inner = FormatProbe.DetectStart(head.AsSpan(0, length));
        if (inner == "ova")
            inner = "tar archive (ova or other)";
        if (inner == "raw" && policy.RefusesText && TextContent.KindOf(head.AsSpan(0, length)) is { } text)
            throw new DiskException("FormatNotSupported", file.Path, $"In the {wrapper} file is {text}, no disk.");
        if (inner != "raw")
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"In the {wrapper} file is a {inner} file, which cannot be read from front to back; unpack it first.");
        return new WrappedDisk(file, wrapper, policy, head[..length]);
    }

    public async IAsyncEnumerable<DiskExtent> ReadExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[] current = new byte[PieceLength];
        byte[] end = new byte[VhdFooterSearch.Reach];
        await using Stream content = Decompress(file, wrapper);
        long offset = 0;
        while (true)
        {
            int length = await FillAsync(file, wrapper, content, current, cancellationToken).ConfigureAwait(false);
            if (length == 0)
                break;
            if (offset + length > policy.MaximumVirtualLength)
                throw new DiskException("ImageTooLarge", file.Path, $"In the {wrapper} file are more than {policy.MaximumVirtualLength} bytes, which is the limit.");
            KeepEnd(end, current.AsSpan(0, length));
            (piece, pieceOffset, pieceLength) = (current, offset, length);
            Length = offset + length;
            if (current.AsSpan(0, length).ContainsAnyExcept((byte)0))
                yield return new DiskExtent(offset, length);
            offset += length;
            if (length < PieceLength)
                break;
        }

        // Only its end tells some formats from a raw disk.
        if (FormatProbe.DetectEnd(end.AsSpan(end.Length - (int)Math.Min(end.Length, offset)), offset) is { } format)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"In the {wrapper} file is a {(format == "vhd" ? "fixed VHD" : format)} file; unpack it first.");
        if (policy.RefusesText && offset % 512 != 0)
            throw new DiskException("FormatNotSupported", file.Path, $"In the {wrapper} file are {offset} bytes, which is no multiple of 512: it was cut or is no disk. Unpack it, and say that the source's format is raw.");
        Length = offset;
        if (content is GzipContent { IsFollowed: true })
            Notices = [new DiskNotice("TrailingBytesIgnored", "Other bytes follow the end of the gzip file's content; they are left out, as gzip does.")];
    }

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset + buffer.Length <= head.Length)
            head.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
        else if (offset >= pieceOffset && offset + buffer.Length <= pieceOffset + pieceLength)
            piece.AsMemory((int)(offset - pieceOffset), buffer.Length).CopyTo(buffer);
        else
            throw new InvalidOperationException("A compressed disk can be read only where its extents are read at the moment, and at its begin.");
        return ValueTask.CompletedTask;
    }

    public void ThrowIfChanged() => file.ThrowIfChanged();

    public void Dispose() => file.Dispose();

    // The last bytes that came are the last ones of the buffer.
    private static void KeepEnd(Span<byte> end, ReadOnlySpan<byte> piece)
    {
        ReadOnlySpan<byte> kept = piece[Math.Max(0, piece.Length - end.Length)..];
        end[kept.Length..].CopyTo(end);
        kept.CopyTo(end[^kept.Length..]);
    }

    internal static Stream Decompress(SourceFile file, string wrapper) => wrapper switch
    {
        "gzip" => new GzipContent(file),
        "xz" => new XzStream(new SourceStream(file)),
        "zstd" => new ZstdSharp.DecompressionStream(new SourceStream(file)),
        _ => throw new ArgumentException($"'{wrapper}' is not known.", nameof(wrapper)),
    };

    internal static async Task<int> FillAsync(SourceFile file, string wrapper, Stream content, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception damaged) when (damaged is InvalidDataException or IOException or ZstdSharp.ZstdException)
        {
            throw new DiskException("ImageCorrupt", file.Path, $"The {wrapper} file cannot be decompressed: {damaged.Message.TrimEnd('.')}.", innerException: damaged);
        }
    }
}
