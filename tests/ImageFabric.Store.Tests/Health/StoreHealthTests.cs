using ImageFabric.Store.Health;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Tests.Faults;
using ImageFabric.Store.Tests.Objects;

namespace ImageFabric.Store.Tests.Health;

public sealed class DirectoryHealthTests
{
    [Fact]
    public async Task A_directory_is_told_what_it_has_and_what_hosts_need()
    {
        string path = Directory.CreateTempSubdirectory("imagefabric-health-").FullName;
        await using IObjectStore store = await TestStores.DirectoryAsync(path);

        Dictionary<string, StoreCheck> found = await Examination.OfAsync(store);

        Assert.Equal(["PresignedUrls", "UploadChecksums"], found.Values.Where(c => c.Status != StoreCheckStatus.Passed).Select(c => c.Check).Order());
        Directory.Delete(path, recursive: true);
    }
}

/// <summary>A service in memory whose habits are set on demand.</summary>
public sealed class BadHabitsTests : IAsyncDisposable
{
    private readonly ObjectServer server = new();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_service_that_ignores_conditions_and_ranges_is_found_out()
    {
        server.IgnoresConditions = true;
        server.IgnoresRanges = true;
        await using IObjectStore store = await ObjectStores.OpenAsync(
            new ObjectStoreLocation { Uri = "s3://bucket/health", Endpoint = server.Address.ToString(), AccessKey = "a", SecretKey = "b" }, create: true, default);

        Dictionary<string, StoreCheck> found = await Examination.OfAsync(store);

        Assert.Equal(StoreCheckStatus.Weak, found["ConditionalCreate"].Status);
        Assert.Contains("exactly one wins", found["ConditionalCreate"].Consequence);
        Assert.Equal(StoreCheckStatus.Failed, found["Ranges"].Status);

        // It believes every signature, and none.
        Assert.Equal(StoreCheckStatus.Weak, found["PresignedUrls"].Status);
        Assert.Equal(StoreCheckStatus.Passed, found["UploadChecksums"].Status);
    }
}

[NeedsEnvironment("IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
public sealed class CephHealthTests
{
    [EnvironmentFact]
    public async Task The_Ceph_gateway_honours_everything()
    {
        await using IObjectStore store = await TestStores.S3Async($"health-{Guid.NewGuid():N}");
        Assert.All((await Examination.OfAsync(store)).Values, check => Assert.True(check.Status == StoreCheckStatus.Passed, check.ToString()));
    }
}

[NeedsEnvironment("IMAGEFABRIC_TEST_SWIFT_ENDPOINT", "IMAGEFABRIC_TEST_SWIFT_BUCKET", "IMAGEFABRIC_TEST_SWIFT_ACCESS_KEY", "IMAGEFABRIC_TEST_SWIFT_SECRET_KEY")]
public sealed class SwiftHealthTests
{
    [EnvironmentFact]
    public async Task Swift_honours_all_but_conditions()
    {
        await using IObjectStore store = await TestStores.SwiftAsync($"health-{Guid.NewGuid():N}");
        Dictionary<string, StoreCheck> found = await Examination.OfAsync(store);
        Assert.Equal(StoreCheckStatus.Weak, found["ConditionalCreate"].Status);
        Assert.Equal(StoreCheckStatus.Weak, found["ConditionalReplace"].Status);
        Assert.All(found.Values.Where(c => !c.Check.StartsWith("Conditional", StringComparison.Ordinal)), check => Assert.True(check.Status == StoreCheckStatus.Passed, check.ToString()));
    }
}

internal static class Examination
{
    private static readonly string[] Checks = ["ClockSkew", "ConditionalCreate", "ConditionalReplace", "ListAfterWrite", "ListByPages", "PresignedUrls", "Ranges", "ReadAfterReplace", "UploadChecksums"];

    /// <summary>What was found, by check; that all are there and nothing is left is looked at here.</summary>
    public static async Task<Dictionary<string, StoreCheck>> OfAsync(IObjectStore store)
    {
        Dictionary<string, StoreCheck> found = (await StoreHealth.ExamineAsync(store, default)).ToDictionary(c => c.Check);
        Assert.Equal(Checks, found.Keys.Order());
        Assert.All(found.Values, check => Assert.Equal(check.Status == StoreCheckStatus.Passed, check.Consequence is null));
        await foreach (StoredObject left in store.ListAsync("tmp/health", default))
            Assert.Fail($"{left.Key} was left");
        return found;
    }
}
