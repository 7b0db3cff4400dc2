using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>A second S3 dialect: OpenStack Swift's s3api, which has no conditional writes.</summary>
[NeedsEnvironment("IMAGEFABRIC_TEST_SWIFT_ENDPOINT", "IMAGEFABRIC_TEST_SWIFT_BUCKET", "IMAGEFABRIC_TEST_SWIFT_ACCESS_KEY", "IMAGEFABRIC_TEST_SWIFT_SECRET_KEY")]
public sealed class SwiftObjectStoreTests : ObjectStoreContract
{
    private static readonly HttpClient Http = new();

    protected override bool ConditionalWrites => false;

    protected override int RaceRounds => 2;

    [EnvironmentFact]
    public async Task A_store_that_is_made_there_remembers_how_objects_are_created()
    {
        await using IObjectStore store = await TestStores.SwiftAsync($"made-{Guid.NewGuid():N}");
        RepositoryDescription made = await RepositoryDescription.OpenOrCreateAsync(store, default);
        Assert.Equal(RepositoryDescription.Claimed, made.Creation);
        Assert.Equal(made, await RepositoryDescription.OpenAsync(store, default));
    }

    protected override Task<IObjectStore> OpenAsync() => TestStores.SwiftAsync("contract");

    protected override Task<byte[]> GrantedBytesAsync(Uri grant) => Http.GetByteArrayAsync(grant);
}
