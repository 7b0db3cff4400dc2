using System.Net;
using System.Net.Http;

namespace ImageFabric.Store.Objects;

/// <summary>The body of one upload attempt that is in memory, sent from there without a copy. It tells the attempt when bytes move.</summary>
internal sealed class UploadContent(ReadOnlyMemory<byte> bytes, Attempt attempt, BandwidthLimit? limit) : HttpContent
{
    private const int PieceLength = 64 * 1024;
    private const int LimitedPiece = 16 * 1024;

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // Small pieces where the rate is limited: several uploads share it, and none may be silent for long.
        int length = limit is null ? PieceLength : LimitedPiece;
        for (int sent = 0; sent < bytes.Length;)
        {
            ReadOnlyMemory<byte> piece = bytes.Slice(sent, Math.Min(length, bytes.Length - sent));
            if (limit is not null)
                await limit.SpendAsync(piece.Length, attempt.Alive, cancellationToken).ConfigureAwait(false);
            sent += piece.Length;
            if (sent == bytes.Length)
                attempt.AwaitAnswer(UploadStream.AnswerStalls);
            else
                attempt.Alive();
            await stream.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
        }
    }
}
