using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Wrapped;

/// <summary>
/// Decompresses a gzip file (RFC 1952), also of several members, and makes sure that it is whole. .NET's own stream does neither: it takes a file that ends
/// early for one that ends, and leaves out what follows without a word. The deflate streams are .NET's; the frame around them is read here.
/// </summary>
internal sealed class GzipContent : ForwardStream
{
    private const int HeaderLength = 10;
    private const int TrailerLength = 8;

    // RFC 1952 sets no limit for a file's name and comment; gzip writes names of the file system.
    private const int LongestText = 1 << 16;

    // DeflateStream reads 8 KiB ahead.
    private const int ReadAhead = 1 << 16;

    private const byte HasHeaderChecksum = 2;
    private const byte HasExtra = 4;
    private const byte HasName = 8;
    private const byte HasComment = 16;
    private const byte Reserved = 0xe0;

    private readonly SourceFile file;
    private readonly SourceStream source;
    private readonly Crc32 checksum = new();
    private DeflateStream? member;
    private long memberStart;
    private uint length;
    private bool hasMembers;
    private bool ended;

    public GzipContent(SourceFile file)
    {
        this.file = file;
        source = new SourceStream(file);
    }

    /// <summary>True when something else than zeros follows the last member. Known when everything was read.</summary>
    public bool IsFollowed { get; private set; }

    /// <exception cref="InvalidDataException">The file is damaged, or ends early.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!ended && !buffer.IsEmpty)
        {
            if (member is null && !await BeginMemberAsync(cancellationToken).ConfigureAwait(false))
                break;
            int count;
            try
            {
                count = await member!.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (InvalidDataException)
            {
                throw Damaged();
            }

            if (count > 0)
            {
                checksum.Append(buffer.Span[..count]);
                length += (uint)count;
                return count;
            }

            await EndMemberAsync(cancellationToken).ConfigureAwait(false);
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            member?.Dispose();
        base.Dispose(disposing);
    }

    // False at the end: of the file, or where zeros or other bytes follow the last member. gzip leaves out both.
    private async ValueTask<bool> BeginMemberAsync(CancellationToken cancellationToken)
    {
        long start = source.Position;
        byte[] header = await PeekAsync(start, HeaderLength, cancellationToken).ConfigureAwait(false);
        bool begins = header is [0x1f, 0x8b, ..];
        if (hasMembers && !begins)
        {
            ended = true;
            IsFollowed = await HasMoreThanZerosAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }

        if (header.Length < HeaderLength)
            throw EndsEarly();
        byte flags = header[3];
        if (!begins || header[2] != 8 || (flags & Reserved) != 0)
            throw Damaged();
        source.Position = start + HeaderLength;
        if ((flags & HasExtra) != 0)
            await SkipAsync(BinaryPrimitives.ReadUInt16LittleEndian(await TakeAsync(2, cancellationToken).ConfigureAwait(false)), cancellationToken).ConfigureAwait(false);
        if ((flags & HasName) != 0)
            await SkipTextAsync(cancellationToken).ConfigureAwait(false);
        if ((flags & HasComment) != 0)
            await SkipTextAsync(cancellationToken).ConfigureAwait(false);
        if ((flags & HasHeaderChecksum) != 0)
            await SkipAsync(2, cancellationToken).ConfigureAwait(false);

        hasMembers = true;
        checksum.Reset();
        length = 0;
        memberStart = source.Position;
        member = new DeflateStream(source, CompressionMode.Decompress, leaveOpen: true);
        return true;
    }

    // DeflateStream does not say where its data ended: right behind them are checksum and length, which are known here.
    private async ValueTask EndMemberAsync(CancellationToken cancellationToken)
    {
        await member!.DisposeAsync().ConfigureAwait(false);
        member = null;
        byte[] trailer = new byte[TrailerLength];
        checksum.GetCurrentHash(trailer);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(4), length);

        long from = Math.Max(memberStart, source.Position - ReadAhead);
        byte[] near = await PeekAsync(from, (int)(source.Position - from) + HeaderLength + TrailerLength, cancellationToken).ConfigureAwait(false);
        int end = -1;
        for (int at = near.AsSpan().IndexOf(trailer); at >= 0;)
        {
            int behind = at + TrailerLength;
            bool isMember = near.AsSpan(behind).StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);
            if (end < 0 || isMember)
                end = behind;
            // Of a member without content all eight bytes are zero, as what is before them may be.
            int next = isMember ? -1 : near.AsSpan(at + 1).IndexOf(trailer);
            at = next < 0 ? -1 : at + 1 + next;
        }

        if (end < 0)
        {
            // A member that was cut has no trailer; a damaged one has the length of its content there.
            bool cut = source.Position == file.Length && !near.AsSpan().EndsWith(trailer.AsSpan(4));
            throw cut ? EndsEarly() : Damaged();
        }

        source.Position = from + end;
    }

    private async ValueTask<bool> HasMoreThanZerosAsync(CancellationToken cancellationToken)
    {
        byte[] rest = new byte[1 << 16];
        int count;
        while ((count = await source.ReadAsync(rest, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (rest.AsSpan(0, count).ContainsAnyExcept((byte)0))
                return true;
        }

        return false;
    }

    // As much of it as there is.
    private async ValueTask<byte[]> PeekAsync(long offset, int count, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[(int)Math.Min(count, file.Length - offset)];
        await file.ReadAsync(offset, bytes, cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    private async ValueTask<byte[]> TakeAsync(int count, CancellationToken cancellationToken)
    {
        byte[] bytes = await PeekAsync(source.Position, count, cancellationToken).ConfigureAwait(false);
        source.Position += bytes.Length;
        return bytes.Length == count ? bytes : throw EndsEarly();
    }

    private async ValueTask SkipAsync(int count, CancellationToken cancellationToken) => await TakeAsync(count, cancellationToken).ConfigureAwait(false);

    private async ValueTask SkipTextAsync(CancellationToken cancellationToken)
    {
        byte[] text = await PeekAsync(source.Position, LongestText, cancellationToken).ConfigureAwait(false);
        int end = text.AsSpan().IndexOf((byte)0);
        if (end < 0)
            throw text.Length < LongestText ? EndsEarly() : Damaged();
        source.Position += end + 1;
    }

    private static InvalidDataException EndsEarly() => new("it ends early");

    private static InvalidDataException Damaged() => new("its compressed data is damaged");
}
