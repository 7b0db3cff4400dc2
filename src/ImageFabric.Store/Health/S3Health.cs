using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Health;

/// <summary>What an S3 service honours of presigned addresses, ranges and checksums.</summary>
internal sealed class S3Health(S3ObjectStore store, string key, byte[] content)
{
    /// <summary>Keeps the name one that only a writer of this store gives: 64 digits in place of 32.</summary>
    private const string ListedSuffix = "00000000000000000000000000000000";

    private const int RangeStart = 50_000;
    private const int RangeLength = 100;
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(1);

    public async Task<IReadOnlyList<StoreCheck>> ExamineAsync(CancellationToken cancellationToken)
    {
        using HttpClient http = HttpChannel.Create();
        Uri ending = store.Grant(key, ShortLife);
        StoreCheck ranges = await RangesAsync(http, cancellationToken).ConfigureAwait(false);
        StoreCheck checksums = await ChecksumsAsync(cancellationToken).ConfigureAwait(false);
        StoreCheck pages = await PagesAsync(cancellationToken).ConfigureAwait(false);

        // Signatures count whole seconds.
        await Task.Delay(ShortLife * 2.5, cancellationToken).ConfigureAwait(false);
        StoreCheck presigned = await PresignedAsync(http, ending, cancellationToken).ConfigureAwait(false);

        // Last, since it may change what is read.
        return [ranges, presigned, checksums, pages, await ReplacingAsync(cancellationToken).ConfigureAwait(false)];
    }

    private async Task<StoreCheck> RangesAsync(HttpClient http, CancellationToken cancellationToken)
    {
        const string Check = "Ranges";
        using var request = new HttpRequestMessage(HttpMethod.Get, store.Grant(key, TimeSpan.FromMinutes(1)));
        request.Headers.Range = new RangeHeaderValue(RangeStart, RangeStart + RangeLength - 1);
        using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        return answer.StatusCode == HttpStatusCode.PartialContent && answer.Content.Headers.ContentRange?.From == RangeStart && body.AsSpan().SequenceEqual(content.AsSpan(RangeStart, RangeLength))
            ? StoreCheck.Passed(Check, "Parts of objects are read by presigned addresses.")
            : StoreCheck.Failed(Check, $"A range request was answered with {(int)answer.StatusCode} and {body.Length} bytes.", "Nothing can be pulled: the service, or a proxy before it, must answer range requests.");
    }

    // Two objects of its own, one on a page.
    private async Task<StoreCheck> PagesAsync(CancellationToken cancellationToken)
    {
        const string Check = "ListByPages";
        const string Consequence = "Images are missing in listings of a large store, and it cannot be collected.";
        string second = key + ListedSuffix;
        try
        {
            await store.PutAsync(second, new byte[1], PutMode.Replace, cancellationToken).ConfigureAwait(false);
            var found = new List<string>();
            await foreach (StoredObject one in store.ListAsync(key, pageLength: 1, cancellationToken).ConfigureAwait(false))
                found.Add(one.Key);
            return found.Order(StringComparer.Ordinal).SequenceEqual([key, second])
                ? StoreCheck.Passed(Check, "A listing of several pages is whole.")
                : StoreCheck.Failed(Check, $"A listing of two objects by pages of one has {found.Count}.", Consequence);
        }
        catch (StoreException incomplete) when (incomplete.Id == "StoreListingIncomplete")
        {
            return StoreCheck.Failed(Check, incomplete.Message, Consequence);
        }
        finally
        {
            await store.DeleteAsync(second, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task<StoreCheck> PresignedAsync(HttpClient http, Uri ended, CancellationToken cancellationToken)
    {
        const string Check = "PresignedUrls";
        Uri good = store.Grant(key, TimeSpan.FromMinutes(1));
        HttpStatusCode read = await StatusAsync(http, good, cancellationToken).ConfigureAwait(false);
        if (read != HttpStatusCode.OK)
            return StoreCheck.Failed(Check, $"A presigned address was answered with {(int)read}.", "No host can pull from this store.");
        if (await StatusAsync(http, ended, cancellationToken).ConfigureAwait(false) == HttpStatusCode.OK)
            return StoreCheck.Weak(Check, "A presigned address is good after its end.", "Whoever learns an address that a host was granted can go on reading that object.");
        if (await StatusAsync(http, new UriBuilder(good) { Query = "" }.Uri, cancellationToken).ConfigureAwait(false) == HttpStatusCode.OK)
            return StoreCheck.Weak(Check, "Objects are read without any credentials: the bucket is public.", "Presigned addresses protect nothing here. Make the bucket private.");
        return StoreCheck.Passed(Check, "Presigned addresses are good until their end, and nobody reads without one.");
    }

    private async Task<StoreCheck> ReplacingAsync(CancellationToken cancellationToken)
    {
        const string Check = "ConditionalReplace";
        return await store.ComparesBeforeReplacingAsync(key, cancellationToken).ConfigureAwait(false)
            ? StoreCheck.Passed(Check, "An object is replaced only while it is what it was.")
            : StoreCheck.Weak(Check, "The service does not honour If-Match on PUT.", "Who rewrites a manifest looks first and writes then: a version that is removed at the very moment it is rewritten by Optimize-VmImageStore or Repair-VmImage may come back.");
    }

    private async Task<StoreCheck> ChecksumsAsync(CancellationToken cancellationToken)
    {
        const string Check = "UploadChecksums";
        return await store.RefusesDamagedBodyAsync(key + "-damaged", cancellationToken).ConfigureAwait(false)
            ? StoreCheck.Passed(Check, "An upload that was damaged on its way is refused.")
            : StoreCheck.Weak(Check, "An upload that was damaged on its way is taken.", "Every chunk is checked by its SHA-256 when it is read; Test-VmImageStore -Deep finds what was damaged before.");
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, Uri address, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        return answer.StatusCode;
    }
}
