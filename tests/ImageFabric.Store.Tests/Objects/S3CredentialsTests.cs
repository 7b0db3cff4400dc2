using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>Changes environment variables, so nothing else runs beside it.</summary>
[CollectionDefinition(nameof(S3CredentialsTests), DisableParallelization = true)]
[Collection(nameof(S3CredentialsTests))]
public sealed class S3CredentialsTests : IDisposable
{
    private static readonly string[] Variables =
    [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
    ];

    private readonly Dictionary<string, string?> before = Variables.ToDictionary(one => one, Environment.GetEnvironmentVariable);

    public S3CredentialsTests()
    {
        foreach (string variable in Variables)
            Environment.SetEnvironmentVariable(variable, null);
    }

    private static ObjectStoreLocation Location => new() { Uri = "s3://bucket", Endpoint = "http://127.0.0.1:1" };

    public void Dispose()
    {
        foreach ((string variable, string? value) in before)
            Environment.SetEnvironmentVariable(variable, value);
    }

    [Fact]
    public async Task Where_there_are_no_credentials_no_request_is_made_and_the_metadata_service_is_not_asked()
    {
        Environment.SetEnvironmentVariable("AWS_PROFILE", "nobody");
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => ObjectStores.OpenAsync(Location, create: false, default));
        Assert.Equal("CredentialsNotFound", error.Id);
    }

    [Fact]
    public void A_profile_that_does_not_exist_is_named()
    {
        StoreException error = Assert.Throws<StoreException>(() => S3Credentials.Find(Location with { Profile = "nobody" }, ownEndpoint: true));
        Assert.Equal("CredentialsNotFound", error.Id);
        Assert.Contains("nobody", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_access_key_without_its_secret_is_none()
    {
        Assert.Equal("CredentialsNotFound", Assert.Throws<StoreException>(() => S3Credentials.Find(Location with { AccessKey = "A" }, ownEndpoint: true)).Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Own_keys_come_before_a_profile_and_a_profile_before_the_environment_and_that_before_the_default_profile(bool ownEndpoint)
    {
        Assert.Equal("FROMDEFAULT", Key(Location));
        Environment.SetEnvironmentVariable("AWS_PROFILE", "named");
        Assert.Equal("FROMNAMED", Key(Location));
        Environment.SetEnvironmentVariable("AWS_PROFILE", null);
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "FROMENVIRONMENT");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "x");
        Assert.Equal("FROMENVIRONMENT", Key(Location));
        Assert.Equal("FROMNAMED", Key(Location with { Profile = "named" }));
        Assert.Equal("OWN", Key(Location with { Profile = "named", AccessKey = "OWN", SecretKey = "x" }));

        string Key(ObjectStoreLocation location) => S3Credentials.Find(location, ownEndpoint).GetCredentials().AccessKey;
    }

    [Fact]
    public void Blanks_around_a_key_are_no_part_of_it_and_blanks_in_it_are_named()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "KEY\n");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", " secret\r\n");
        Assert.Equal(("KEY", "secret"), Keys(S3Credentials.Find(Location, ownEndpoint: true)));
        Assert.Equal(("OWN", "x"), Keys(S3Credentials.Find(Location with { AccessKey = "OWN\n", SecretKey = "x " }, ownEndpoint: true)));
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "KEY\nOTHER");
        StoreException error = Assert.Throws<StoreException>(() => S3Credentials.Find(Location, ownEndpoint: true));
        Assert.Equal("CredentialsNotFound", error.Id);
        Assert.Contains("AWS_ACCESS_KEY_ID", error.Message, StringComparison.Ordinal);

        static (string, string) Keys(Amazon.Runtime.AWSCredentials found) => (found.GetCredentials().AccessKey, found.GetCredentials().SecretKey);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Profiles_that_are_not_taken_say_the_way_round(bool ownEndpoint)
    {
        foreach ((string profile, string kind) in new[] { ("role", "role_arn"), ("sso", "sso"), ("web", "web identity") })
        {
            StoreException error = Assert.Throws<StoreException>(() => S3Credentials.Find(Location with { Profile = profile }, ownEndpoint));
            Assert.Equal("CredentialsNotFound", error.Id);
            Assert.Contains(kind, error.Message, StringComparison.Ordinal);
            Assert.Contains("export-credentials", error.Message, StringComparison.Ordinal);
        }
    }
}
