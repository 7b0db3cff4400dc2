using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>Stores for tests: a directory, or a prefix of the testbed's bucket.</summary>
internal static class TestStores
{
    public static Task<IObjectStore> DirectoryAsync(string path) =>
        ObjectStores.OpenAsync(new ObjectStoreLocation { Uri = path }, create: true, CancellationToken.None);

    public static Task<IObjectStore> SwiftAsync(string prefix) => ObjectStores.OpenAsync(
        new ObjectStoreLocation
        {
            Uri = $"s3://{Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_SWIFT_BUCKET")}/{prefix}",
            Endpoint = Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_SWIFT_ENDPOINT"),
            AccessKey = Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_SWIFT_ACCESS_KEY"),
            SecretKey = Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_SWIFT_SECRET_KEY"),
        },
        create: true,
        CancellationToken.None);

    public static Task<IObjectStore> S3Async(string prefix) => ObjectStores.OpenAsync(
        new ObjectStoreLocation
        {
            Uri = $"s3://{Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_BUCKET")}/{prefix}",
            Endpoint = Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT"),
        },
        create: true,
        CancellationToken.None);
}
