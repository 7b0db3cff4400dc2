using System.IO.Compression;

namespace ImageFabric.Disks.Wrapped;

/// <summary>
/// Decompresses a gzip file (RFC 1952), also of several members, and makes sure that it is whole: .NET's own stream takes a file that ends early for one
/// that ends. Behind the file it is given one more member, whose content comes out last if, and only if, the file ended as it should.
/// </summary>
internal sealed class GzipContent : ForwardStream
{
    private static readonly byte[] Mark = "the file before this one is whole"u8.ToArray();
    private static readonly byte[] LastMember = Compress(Mark);

    private readonly GZipStream content;
    private readonly byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;
    private bool ended;

    public GzipContent(Stream source) => content = new GZipStream(new Followed(source), CompressionMode.Decompress);

    /// <exception cref="InvalidDataException">The file is damaged, or ends early.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        // The last bytes that came may be the mark.
        while (!ended && end - start <= Mark.Length)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            int count = await content.ReadAsync(buffer.AsMemory(end), cancellationToken).ConfigureAwait(false);
            end += count;
            ended = count == 0;
        }

        if (ended && !buffer.AsSpan(start, end - start).SequenceEqual(Mark))
            throw new InvalidDataException("it ends early, or something else follows it");
        int ready = Math.Min(destination.Length, end - start - Mark.Length);
        buffer.AsMemory(start, ready).CopyTo(destination);
        start += ready;
        return ready;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            content.Dispose();
        base.Dispose(disposing);
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    /// <summary>The file, and the last member behind it.</summary>
    private sealed class Followed(Stream source) : ForwardStream
    {
        private int sent;

        public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
        {
            int count = sent == 0 ? await source.ReadAsync(destination, cancellationToken).ConfigureAwait(false) : 0;
            if (count > 0 || destination.IsEmpty)
                return count;
            int part = Math.Min(destination.Length, LastMember.Length - sent);
            LastMember.AsMemory(sent, part).CopyTo(destination);
            sent += part;
            return part;
        }
    }
}
