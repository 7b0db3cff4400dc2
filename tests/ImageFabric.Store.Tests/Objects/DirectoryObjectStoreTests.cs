using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

public sealed class DirectoryObjectStoreTests : ObjectStoreContract, IDisposable
{
    private readonly string root = Path.Combine(Path.GetTempPath(), $"imagefabric-test-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(root))
            Directory.Delete(root, recursive: true);
    }

    [Fact]
    public async Task A_directory_that_is_missing_is_made_only_when_asked()
    {
        await FailsAsync("StoreNotFound", () => OpenAsync(create: false));
        Assert.False(Directory.Exists(root));
        await using (IObjectStore made = await OpenAsync(create: true))
            Assert.Equal(root, made.Location);
        await (await OpenAsync(create: false)).DisposeAsync();
    }

    [Fact]
    public async Task A_directory_that_goes_away_is_reported_and_not_made_again()
    {
        await using IObjectStore store = await OpenAsync(create: true);
        Directory.Delete(root, recursive: true);
        await FailsAsync("StoreNotFound", () => store.PutAsync("a/b", new byte[1], PutMode.Replace, default));
        await FailsAsync("StoreNotFound", () => store.ReadAllAsync("a/b", 10, default));
        await FailsAsync("StoreNotFound", () => store.StatAsync("a/b", default));
        await FailsAsync("StoreNotFound", () => store.DeleteAsync("a/b", default));
        await FailsAsync("StoreNotFound", () => ListAsync(store, ""));
        Assert.False(Directory.Exists(root));
    }

    [Fact]
    public async Task What_killed_writers_left_is_never_listed_and_removed_after_a_day()
    {
        await (await OpenAsync(create: true)).DisposeAsync();
        string temporary = Directory.CreateDirectory(Path.Combine(root, "tmp")).FullName;
        string old = Path.Combine(temporary, $".partial-{Guid.NewGuid():N}");
        string young = Path.Combine(temporary, $".partial-{Guid.NewGuid():N}");
        string other = Path.Combine(temporary, "other");
        foreach (string path in new[] { old, young, other })
            File.WriteAllText(path, "part");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-25));
        File.SetLastWriteTimeUtc(other, DateTime.UtcNow.AddHours(-25));

        await using IObjectStore store = await OpenAsync(create: false);
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
        Assert.Equal(["tmp/other"], (await ListAsync(store, "")).Select(one => one.Key));
        await Assert.ThrowsAsync<ArgumentException>(() => store.ReadAllAsync($"tmp/{Path.GetFileName(young)}", 10, default));
    }

    [Fact]
    public async Task A_write_leaves_no_temporary_file_whatever_comes_of_it()
    {
        await using IObjectStore store = await OpenAsync(create: true);
        await store.PutAsync("made", new byte[10], PutMode.CreateOnly, default);
        await store.PutAsync("made", new byte[10], PutMode.CreateOnly, default);
        await store.PutAsync("made", new byte[10], PutMode.Replace, default);
        Directory.CreateDirectory(Path.Combine(root, "folder", "inside"));
        await Assert.ThrowsAsync<StoreException>(() => store.PutAsync("folder", new byte[10], PutMode.Replace, default));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(root, "tmp")));
    }

    [TmpfsFact]
    public async Task A_full_file_system_is_a_full_store()
    {
        Directory.CreateDirectory(root);
        TmpfsFactAttribute.Mount(root, "256k");
        try
        {
            await using IObjectStore store = await OpenAsync(create: false);
            await store.PutAsync("fits", new byte[100_000], PutMode.CreateOnly, default);
            await FailsAsync("StoreFull", () => store.PutAsync("does/not", new byte[300_000], PutMode.CreateOnly, default));
            Assert.Equal(["fits"], (await ListAsync(store, "")).Select(one => one.Key));
            await store.PutAsync("fits-too", new byte[100_000], PutMode.CreateOnly, default);
        }
        finally
        {
            TmpfsFactAttribute.Unmount(root);
        }
    }

    [Fact]
    public void An_address_that_is_none_is_refused()
    {
        foreach (string uri in new[] { "", "https://example.org/x", "s3://", "ftp://x" })
        {
            StoreException error = Assert.Throws<StoreException>(() =>
                ObjectStores.OpenAsync(new ObjectStoreLocation { Uri = uri }, create: false, default).GetAwaiter().GetResult());
            Assert.Equal("InvalidRequest", error.Id);
        }
    }

    [Fact]
    public void A_location_does_not_show_its_secret()
    {
        var location = new ObjectStoreLocation { Uri = "s3://b/p", Endpoint = "http://x", AccessKey = "AKIDEXAMPLE", SecretKey = "topsecret" };
        Assert.Equal("s3://b/p at http://x", location.ToString());
    }

    protected override Task<IObjectStore> OpenAsync() => OpenAsync(create: true);

    protected override Task<byte[]> GrantedBytesAsync(Uri grant)
    {
        Assert.Equal("file", grant.Scheme);
        return File.ReadAllBytesAsync(FileAddress.PathOf(grant));
    }

    private Task<IObjectStore> OpenAsync(bool create) => ObjectStores.OpenAsync(new ObjectStoreLocation { Uri = root }, create, default);
}
