using System.Net.Http;

namespace ImageFabric.Store.Objects;

/// <summary>Reads bodies of answers whose length only the other side decides. The one reader for what is kept in memory and is no object.</summary>
internal static class BoundedBody
{
    /// <summary>What of an error's body is read: services write some hundred bytes.</summary>
    public const int LongestError = 64 * 1024;

    /// <summary>A page of a listing: a thousand keys of a kilobyte, each byte written as an entity.</summary>
    public const int LongestPage = 16 * 1024 * 1024;

    /// <summary>How long an error's body may take: it only explains what is known from the answer's status.</summary>
    private static readonly TimeSpan ErrorTime = TimeSpan.FromSeconds(5);

    /// <summary>Reads a body to its end.</summary>
    /// <returns>Null when it is longer than <paramref name="longest"/>.</returns>
    public static async Task<byte[]?> ReadAsync(HttpResponseMessage answer, int longest, Attempt attempt)
    {
        await using Stream body = await answer.Content.ReadAsStreamAsync(attempt.Token).ConfigureAwait(false);
        byte[] buffer = new byte[16 * 1024];
        int length = 0;
        while (true)
        {
            int count = await body.ReadAsync(buffer.AsMemory(length), attempt.Token).ConfigureAwait(false);
            if (count == 0)
                return buffer[..length];
            length += count;
            attempt.Moved(count);
            if (length == buffer.Length)
            {
                if (length > longest)
                    return null;
                Array.Resize(ref buffer, Math.Min(length * 2, longest + 1));
            }
        }
    }

    /// <summary>Reads the beginning of an error's body, as far as it comes in a few seconds. A body that breaks off is what came of it.</summary>
    public static async Task<byte[]> ReadErrorAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(ErrorTime);
        byte[] buffer = new byte[LongestError];
        int length = 0;
        try
        {
            await using Stream body = await answer.Content.ReadAsStreamAsync(ending.Token).ConfigureAwait(false);
            while (length < buffer.Length)
            {
                int count = await body.ReadAsync(buffer.AsMemory(length), ending.Token).ConfigureAwait(false);
                if (count == 0)
                    break;
                length += count;
            }
        }
        catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // The status alone says enough.
        }

        return buffer[..length];
    }
}
