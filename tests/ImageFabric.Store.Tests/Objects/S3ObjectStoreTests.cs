using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

[NeedsEnvironment("IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
public sealed class S3ObjectStoreTests : ObjectStoreContract
{
    private static readonly HttpClient Http = new();

    private static string Endpoint => Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT")!;

    private static string Bucket => Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_BUCKET")!;

    [EnvironmentFact]
    public async Task A_bucket_that_is_missing_is_made_only_when_asked()
    {
        var location = new ObjectStoreLocation { Uri = $"s3://made-{Guid.NewGuid():N}/some/prefix", Endpoint = Endpoint };
        await FailsAsync("StoreNotFound", () => ObjectStores.OpenAsync(location, create: false, default));
        await using (IObjectStore made = await ObjectStores.OpenAsync(location, create: true, default))
        {
            await made.PutAsync("a/b", new byte[1], PutMode.CreateOnly, default);
            Assert.Equal(location.Uri, made.Location);
        }

        await using IObjectStore again = await ObjectStores.OpenAsync(location, create: true, default);
        Assert.Equal(["a/b"], (await ListAsync(again, "")).Select(one => one.Key));
    }

    [EnvironmentFact]
    public async Task Two_prefixes_of_a_bucket_are_two_stores()
    {
        string own = $"two-{Guid.NewGuid():N}";
        await using IObjectStore one = await OpenAsync($"s3://{Bucket}/{own}/x");
        await using IObjectStore other = await OpenAsync($"s3://{Bucket}/{own}/xy/");
        await one.PutAsync("key", new byte[1], PutMode.CreateOnly, default);
        Assert.Null(await other.StatAsync("key", default));
        Assert.True(await other.PutAsync("key", new byte[2], PutMode.CreateOnly, default));
        Assert.Equal(1, Assert.Single(await ListAsync(one, "")).Length);
        Assert.Equal(2, Assert.Single(await ListAsync(other, "")).Length);
    }

    [EnvironmentFact]
    public async Task A_prefix_of_any_characters_takes_every_kind_of_write()
    {
        await using IObjectStore store = await OpenAsync($"s3://{Bucket}/odd-{Guid.NewGuid():N}/a b+c~(é)!'*=&$,;:@");
        byte[] content = [1, 2, 3];
        await store.PutAsync("created", content, PutMode.CreateOnly, default);
        await store.PutAsync("put", content, PutMode.Replace, default);
        await store.PutHashedAsync("hashed", content, System.Security.Cryptography.SHA256.HashData(content), default);
        using (SpooledObject spooled = SpooledObject.Of(content))
            await store.PutSpooledAsync("spooled", spooled, default);
        Assert.Equal(["created", "hashed", "put", "spooled"], (await ListAsync(store, "")).Select(one => one.Key).Order(StringComparer.Ordinal));
        foreach (string key in (string[])["created", "hashed", "put", "spooled"])
            Assert.Equal(content, await store.ReadAllAsync(key, 3, default));
    }

    [EnvironmentFact]
    public async Task Wrong_credentials_are_refused_at_once()
    {
        var location = new ObjectStoreLocation { Uri = $"s3://{Bucket}", Endpoint = Endpoint, AccessKey = "NOBODY", SecretKey = "nothing" };
        await FailsAsync("StoreAccessDenied", () => ObjectStores.OpenAsync(location, create: true, default));
        await FailsAsync("StoreAccessDenied", () => ObjectStores.OpenAsync(
            location with { AccessKey = Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID") }, create: false, default));
    }

    [EnvironmentFact]
    public async Task Open_costs_one_request_and_so_does_each_operation()
    {
        await using var proxy = new Faults.FaultProxy(new Uri(Endpoint));
        var location = new ObjectStoreLocation { Uri = $"s3://{Bucket}/count-{Guid.NewGuid():N}", Endpoint = proxy.Address.ToString() };
        await using IObjectStore store = await ObjectStores.OpenAsync(location, create: true, default);
        Assert.Equal(1, proxy.Requests);
        await store.PutAsync("key", new byte[100_000], PutMode.CreateOnly, default);
        Assert.Equal(2, proxy.Requests);
        await store.ReadRangeAsync("key", 10, new byte[50_000], default);
        Assert.Equal(3, proxy.Requests);
        await store.ReadAllAsync("key", 100_000, default);
        Assert.Equal(4, proxy.Requests);
        await store.StatAsync("key", default);
        Assert.Equal(5, proxy.Requests);
    }

    protected override Task<IObjectStore> OpenAsync() => OpenAsync($"s3://{Bucket}/contract");

    protected override Task<byte[]> GrantedBytesAsync(Uri grant)
    {
        Assert.Equal(new Uri(Endpoint).Scheme, grant.Scheme);
        return Http.GetByteArrayAsync(grant);
    }

    private static Task<IObjectStore> OpenAsync(string uri) =>
        ObjectStores.OpenAsync(new ObjectStoreLocation { Uri = uri, Endpoint = Endpoint }, create: false, default);
}
