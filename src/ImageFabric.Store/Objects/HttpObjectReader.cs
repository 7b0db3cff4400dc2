using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;

namespace ImageFabric.Store.Objects;

/// <summary>
/// Reads objects through presigned addresses. Only GET: a presigned GET answers 403 to HEAD. A read that breaks off goes on
/// where it stopped; objects that are read by ranges never change.
/// </summary>
internal sealed class HttpObjectReader(HttpClient http, RetryPolicy retry, IObjectAddresses addresses, BandwidthLimit? limit = null)
{
    /// <summary>The whole of an object of at most <paramref name="maximumLength"/> bytes.</summary>
    public Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken) => RunAsync(
        key,
        async (address, attempt) =>
        {
            using HttpResponseMessage response = await GetAsync(address, range: null, attempt).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
                throw await HttpAnswer.DescribeAsync(response, Work(key), attempt.Token).ConfigureAwait(false);
            if (response.Content.Headers.ContentLength is not { } length)
                throw new PassingFaultException("The store did not say how long the object is.");
            if (length > maximumLength)
                throw ObjectLength.TooLong(key, length, maximumLength);
            byte[] content = new byte[length];
            await using Stream body = await response.Content.ReadAsStreamAsync(attempt.Token).ConfigureAwait(false);
            for (int filled = 0; filled < content.Length;)
            {
                int count = await ReadSomeAsync(body, content.AsMemory(filled), attempt).ConfigureAwait(false);
                filled += count;
                attempt.Moved(count);
            }

            return content;
        },
        cancellationToken);

    /// <summary>Fills the destination from <paramref name="offset"/> on.</summary>
    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, ArrivedBytes? arrived, CancellationToken cancellationToken)
    {
        if (destination.IsEmpty)
            return Task.CompletedTask;
        long end = offset + destination.Length;
        int filled = 0;
        return RunAsync(
            key,
            async (address, attempt) =>
            {
                var range = new RangeHeaderValue(offset + filled, end - 1);
                using HttpResponseMessage response = await GetAsync(address, range, attempt).ConfigureAwait(false);
                if (response.StatusCode == HttpStatusCode.OK && offset == 0)
                    filled = 0;
                await RequireRangeAsync(response, key, offset + filled, end, attempt).ConfigureAwait(false);
                await using Stream body = await response.Content.ReadAsStreamAsync(attempt.Token).ConfigureAwait(false);
                while (filled < destination.Length)
                {
                    int count = await ReadSomeAsync(body, destination[filled..], attempt).ConfigureAwait(false);
                    filled += count;
                    attempt.Gain(count);
                    if (arrived is null)
                        continue;

                    // The taker's own time is no silence of the store.
                    attempt.Pause();
                    await arrived(filled, cancellationToken).ConfigureAwait(false);
                    attempt.Alive();
                }

                return filled;
            },
            cancellationToken);
    }

    private RefusedWork Work(string key) => RefusedWork.Reading(key) with { Id = addresses.RefusedId };

    private async ValueTask<int> ReadSomeAsync(Stream body, Memory<byte> destination, Attempt attempt)
    {
        int count = await body.ReadAsync(destination, attempt.Token).ConfigureAwait(false);

        // What is not read yet holds the sender back.
        if (limit is not null)
            await limit.SpendAsync(count, attempt.Alive, attempt.Token).ConfigureAwait(false);
        return count > 0 ? count : throw new PassingFaultException("The store's answer ended early.");
    }

    /// <summary>Makes sure that the body begins with the byte at <paramref name="start"/> and goes to <paramref name="end"/> (exclusive).</summary>
    private async Task RequireRangeAsync(HttpResponseMessage response, string key, long start, long end, Attempt attempt)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent:
                ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
                if (range?.From != start || range.To is not { } last)
                    throw new PassingFaultException("The store answered with another range.");
                if (last + 1 < end && range.Length is { } total && total < end)
                    throw ObjectLength.TooShort(key, end);
                if (last + 1 != end || (response.Content.Headers.ContentLength is { } length && length != end - start))
                    throw new PassingFaultException("The store answered with another range.");
                return;

            case HttpStatusCode.OK when start == 0:
                if (response.Content.Headers.ContentLength < end)
                    throw ObjectLength.TooShort(key, end);
                return;

            case HttpStatusCode.OK:
                throw new StoreException("StoreUnreachable", key, "The store, or a proxy before it, does not answer range requests.");

            case HttpStatusCode.RequestedRangeNotSatisfiable:
                throw ObjectLength.TooShort(key, end);

            default:
                throw await HttpAnswer.DescribeAsync(response, Work(key), attempt.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Does the work with the object's address; where the store refuses that, once more with another. Asking for addresses is no part of an attempt.</summary>
    private async Task<T> RunAsync<T>(string key, Func<Uri, Attempt, Task<T>> work, CancellationToken cancellationToken)
    {
        Uri address = await addresses.OfAsync(key, cancellationToken).ConfigureAwait(false);
        try
        {
            return await retry.RunAsync(key, attempt => work(address, attempt), cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException refused) when (refused.Id == addresses.RefusedId)
        {
            Uri? renewed = await addresses.RenewAsync(key, address, cancellationToken).ConfigureAwait(false);
            if (renewed is null)
                throw;
            return await retry.RunAsync(key, attempt => work(renewed, attempt), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> GetAsync(Uri address, RangeHeaderValue? range, Attempt attempt)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Range = range;
        HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, attempt.Token).ConfigureAwait(false);
        attempt.Alive();
        return response;
    }
}
