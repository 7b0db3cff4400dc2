using System.Net;
using ImageFabric.Store.Health;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Tests.Faults;
using ImageFabric.Store.Tests.Health;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>A listing is whole, each key once, or an error: what it does not show would be deleted by a collector.</summary>
public sealed class S3ListingTests : IAsyncDisposable
{
    private const string More = "<IsTruncated>true</IsTruncated>";
    private const string End = "<IsTruncated>false</IsTruncated>";

    private readonly ObjectServer server = new();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    public static TheoryData<string, OddAnswer> Unreliable => new()
    {
        { "goes on without a token", OddAnswer.Listing(More, "a", "b") },
        { "leads back to itself", OddAnswer.Listing(More + "<NextContinuationToken>same</NextContinuationToken>", "a") },
        { "version 1 that goes on behind nothing", OddAnswer.Listing("<Marker/>" + More) },
        { "empty body", new OddAnswer(200, "") },
        { "another document", new OddAnswer(200, "<ListAllMyBucketsResult></ListAllMyBucketsResult>") },
        { "an error document with status 200", OddAnswer.Error(200, "AccessDenied") },
        { "cut off", new OddAnswer(200, "<ListBucketResult><IsTruncated>false</IsTruncated>") },
        { "does not say whether it goes on", OddAnswer.Listing("", "a") },
        { "an entry without a key", new OddAnswer(200, $"<ListBucketResult>{End}<Contents><Size>1</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Contents></ListBucketResult>") },
        { "an entry without a size", new OddAnswer(200, $"<ListBucketResult>{End}<Contents><Key>a</Key><LastModified>2026-01-02T03:04:05Z</LastModified></Contents></ListBucketResult>") },
        { "an external entity", new OddAnswer(200, $"<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><ListBucketResult>{End}<Contents><Key>&e;</Key></Contents></ListBucketResult>") },
    };

    [Theory]
    [MemberData(nameof(Unreliable))]
    public async Task What_is_no_whole_listing_is_an_error(string what, OddAnswer answer)
    {
        await using IObjectStore store = await OpenAsync("s3://bucket");
        server.Instead = request => IsListing(request) ? answer : null;
        Assert.True("StoreListingIncomplete" == await FailsAsync(store), what);
    }

    [Fact]
    public async Task A_key_that_was_not_asked_for_is_an_error()
    {
        await using IObjectStore store = await OpenAsync("s3://bucket/prefix");
        server.Instead = request => IsListing(request) ? OddAnswer.Listing(End, "p") : null;
        Assert.Equal("StoreListingIncomplete", await FailsAsync(store));
    }

    [Fact]
    public async Task A_web_page_is_no_listing_whatever_its_status()
    {
        await using IObjectStore store = await OpenAsync("s3://bucket");
        foreach (int status in (int[])[200, 403])
        {
            server.Instead = _ => new OddAnswer(status, "<!DOCTYPE html>\n<html><body>Sign in<br></body></html>", ("Content-Type", "text/html"));
            Assert.Equal("StoreIsNotS3", await FailsAsync(store));
        }
    }

    [Fact]
    public async Task A_page_or_an_error_without_end_is_not_read_to_its_end()
    {
        await using IObjectStore store = await OpenAsync("s3://bucket");
        server.Instead = _ => new OddAnswer(200, new string(' ', 100_000)) { Endless = true };
        Assert.Equal("StoreListingIncomplete", await FailsAsync(store));
        server.Instead = _ => new OddAnswer(400, new string('x', 100_000)) { Endless = true };
        Assert.Equal("StoreRefused", await FailsAsync(store));
        Assert.Equal("StoreRefused", (await Assert.ThrowsAsync<StoreException>(() => store.PutAsync("a", new byte[1], PutMode.Replace, default))).Id);
        Assert.Equal("StoreRefused", (await Assert.ThrowsAsync<StoreException>(() => store.ReadAllAsync("a", 1, default))).Id);
    }

    [Fact]
    public async Task A_key_that_comes_twice_counts_once()
    {
        await using IObjectStore store = await OpenAsync("s3://bucket");
        server.Instead = request => !IsListing(request) ? null : request.QueryString["continuation-token"] is null
            ? OddAnswer.Listing(More + "<NextContinuationToken>2</NextContinuationToken>", "a", "b", "b")
            : OddAnswer.Listing(End, "b", "a", "c");
        Assert.Equal(["a", "b", "c"], await KeysAsync(store));
    }

    [Fact]
    public async Task A_service_of_version_1_is_read_as_one()
    {
        string[] all = ["a", "b", "c", "d", "e"];
        await using IObjectStore store = await OpenAsync("s3://bucket");
        server.Instead = request =>
        {
            if (!IsListing(request))
                return null;
            string[] left = [.. all.Where(key => string.CompareOrdinal(key, request.QueryString["marker"] ?? "") > 0)];
            return OddAnswer.Listing($"<Marker>{request.QueryString["marker"]}</Marker><MaxKeys>2</MaxKeys>{(left.Length > 2 ? More : End)}", [.. left.Take(2)]);
        };
        Assert.Equal(all, await KeysAsync(store));
    }

    [Fact]
    public async Task Names_that_no_object_can_have_are_not_listed()
    {
        await using IObjectStore store = await OpenAsync("s3://bucket");
        server.Instead = request => IsListing(request) ? OddAnswer.Listing(End, "tmp//x", "images/", "back\\slash", "../up", "good") : null;
        Assert.Equal(["good"], await KeysAsync(store));
    }

    [Fact]
    public async Task The_region_that_the_service_names_is_taken()
    {
        foreach (OddAnswer refusal in (OddAnswer[])
        [
            OddAnswer.Error(400, "AuthorizationHeaderMalformed", "the region is wrong", "<Region>eu-central-9</Region>"),
            OddAnswer.Error(301, "PermanentRedirect") with { Headers = [("x-amz-bucket-region", "eu-central-9")] },
        ])
        {
            server.Instead = request => request.Headers["Authorization"]!.Contains("/eu-central-9/", StringComparison.Ordinal) ? null : refusal;
            await using IObjectStore store = await OpenAsync("s3://bucket");
            await store.PutAsync("object", new byte[1], PutMode.CreateOnly, default);
            await store.PutHashedAsync("hashed", new byte[1], System.Security.Cryptography.SHA256.HashData(new byte[1]), default);
        }

        server.Instead = _ => OddAnswer.Error(400, "AuthorizationHeaderMalformed", "the region is wrong", "<Region>eu-central-9</Region>");
        StoreException never = await Assert.ThrowsAsync<StoreException>(() => OpenAsync("s3://bucket"));
        Assert.Equal("StoreRefused", never.Id);
        Assert.Contains("eu-central-9", never.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_probe_finds_a_service_that_does_not_list_by_pages()
    {
        await using IObjectStore store = await OpenAsync("s3://bucket/prefix");
        Assert.Equal(StoreCheckStatus.Passed, (await Examination.OfAsync(store))["ListByPages"].Status);
        string[]? first = null;
        server.Instead = request =>
        {
            if (!IsListing(request) || request.QueryString["max-keys"] is null)
                return null;
            first ??= [.. server.Objects.Keys.Where(static key => key.StartsWith("bucket/prefix/tmp/", StringComparison.Ordinal)).Select(static key => key["bucket/".Length..])];
            return OddAnswer.Listing(More, first[0]);
        };
        Assert.Equal(StoreCheckStatus.Failed, (await Examination.OfAsync(store))["ListByPages"].Status);
    }

    private static bool IsListing(HttpListenerRequest request) => request.HttpMethod == "GET" && request.QueryString["prefix"] is not null;

    private static async Task<string> FailsAsync(IObjectStore store) => (await Assert.ThrowsAsync<StoreException>(() => KeysAsync(store))).Id;

    private static async Task<List<string>> KeysAsync(IObjectStore store)
    {
        var keys = new List<string>();
        await foreach (StoredObject one in store.ListAsync("", default))
            keys.Add(one.Key);
        return keys;
    }

    private Task<IObjectStore> OpenAsync(string uri) =>
        ObjectStores.OpenAsync(new ObjectStoreLocation { Uri = uri, Endpoint = server.Address.ToString(), AccessKey = "a", SecretKey = "s" }, create: false, default);
}
