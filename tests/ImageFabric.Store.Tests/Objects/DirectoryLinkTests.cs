using System.Diagnostics;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>A directory store in which somebody has put what is no file of its own.</summary>
public sealed class DirectoryLinkTests : IDisposable
{
    private readonly string scratch = Directory.CreateTempSubdirectory("imagefabric-links-").FullName;

    private string Root => Path.Combine(scratch, "store");

    private string Victim => Directory.CreateDirectory(Path.Combine(scratch, "victim")).FullName;

    public void Dispose() => Directory.Delete(scratch, recursive: true);

    [Fact]
    public async Task The_collector_enters_no_link_and_deletes_nothing_behind_one()
    {
        await using IObjectStore store = await TestStores.DirectoryAsync(Root);
        string kept = OldFile(Victim, Path.GetFileName(ObjectKeys.NewTemporary("probe-")));
        string partial = OldFile(Victim, $".partial-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Path.Combine(Root, "tmp"));
        Directory.CreateSymbolicLink(Path.Combine(Root, "tmp", "link"), Victim);
        File.CreateSymbolicLink(Path.Combine(Root, "tmp", $".partial-{Guid.NewGuid():N}"), partial);

        CollectReport report = await GarbageCollector.RunAsync(store, new CollectOptions { Grace = CollectionTimes.ShortestGrace }, default);

        Assert.Equal(0, report.Leftovers.Count);
        Assert.True(File.Exists(kept));
        Assert.True(File.Exists(partial));
    }

    [Fact]
    public async Task A_temporary_directory_that_is_a_link_is_not_tidied()
    {
        Directory.CreateDirectory(Root);
        string partial = OldFile(Victim, $".partial-{Guid.NewGuid():N}");
        Directory.CreateSymbolicLink(Path.Combine(Root, "tmp"), Victim);
        await Assert.ThrowsAsync<StoreException>(() => TestStores.DirectoryAsync(Root));
        Assert.True(File.Exists(partial));
    }

    [Fact]
    public async Task Nothing_is_read_written_or_deleted_through_a_link()
    {
        await using IObjectStore store = await TestStores.DirectoryAsync(Root);
        string file = OldFile(Victim, "file");
        Directory.CreateSymbolicLink(Path.Combine(Root, "packs"), Victim);
        foreach (Func<Task> work in new Func<Task>[]
        {
            () => store.ReadAllAsync("packs/file", 100, default),
            () => store.StatAsync("packs/file", default),
            () => store.DeleteAsync("packs/file", default),
            () => store.PutAsync("packs/other", new byte[1], PutMode.Replace, default),
            () => ListAsync(store, "packs/"),
        })
        {
            Assert.Equal("StoreLinkRefused", (await Assert.ThrowsAsync<StoreException>(work)).Id);
        }

        Assert.Equal([file], Directory.GetFileSystemEntries(Victim));
    }

    [Fact]
    public async Task A_link_to_a_directory_above_it_ends_no_listing_and_has_no_objects()
    {
        await using IObjectStore store = await TestStores.DirectoryAsync(Root);
        await store.PutAsync("images/a/1.json", new byte[1], PutMode.Replace, default);
        Directory.CreateSymbolicLink(Path.Combine(Root, "images", "loop"), Path.Combine(Root, "images"));
        Directory.CreateSymbolicLink(Path.Combine(Root, "images", "a", "up"), "..");
        Assert.Equal(["images/a/1.json"], await ListAsync(store, "images/"));
        Assert.Equal(["images/a/1.json"], await ListAsync(store, ""));
    }

    [Fact]
    public async Task What_is_no_file_is_no_object_and_nobody_waits_for_it()
    {
        if (!OperatingSystem.IsLinux())
            return;
        await using IObjectStore store = await TestStores.DirectoryAsync(Root);
        await store.PutAsync("images/a/1.json", new byte[1], PutMode.Replace, default);
        using (Process made = Process.Start("mkfifo", [Path.Combine(Root, "images", "a", "2.json")]))
            await made.WaitForExitAsync();
        Assert.Equal(["images/a/1.json"], await ListAsync(store, "images/"));
        Assert.Equal("ObjectMissing", (await Assert.ThrowsAsync<StoreException>(() => store.ReadAllAsync("images/a/2.json", 100, default))).Id);
        Assert.Equal("ObjectMissing", (await Assert.ThrowsAsync<StoreException>(() => store.ReadRangeAsync("images/a/2.json", 0, new byte[1], default))).Id);
    }

    [Fact]
    public async Task Names_that_no_object_can_have_are_not_listed_and_keep_nothing_from_being_collected()
    {
        if (OperatingSystem.IsWindows())
            return;
        await using IObjectStore store = await TestStores.DirectoryAsync(Root);
        string[] odd = [OldFile(Path.Combine(Root, "tmp"), "back\\slash"), OldFile(Path.Combine(Root, "packs"), "line\nbreak")];
        Assert.Empty(await ListAsync(store, ""));
        await GarbageCollector.RunAsync(store, new CollectOptions { Grace = CollectionTimes.ShortestGrace }, default);
        Assert.All(odd, path => Assert.True(File.Exists(path)));
    }

    [Fact]
    public void The_root_of_a_file_system_has_keys_like_any_other_directory()
    {
        if (OperatingSystem.IsWindows())
            return;
        string prefix = scratch.TrimStart('/') + "/";
        OldFile(Path.Combine(scratch, "images"), "1.json");
        Assert.Equal([$"{prefix}images/1.json"], new DirectoryTree("/").Files(prefix).Select(static o => o.Key));
        Assert.Equal($"{scratch}/images/1.json", new DirectoryTree("/").Resolve($"{prefix}images/1.json"));
    }

    private static string OldFile(string directory, string name)
    {
        string path = Path.Combine(Directory.CreateDirectory(directory).FullName, name);
        File.WriteAllText(path, "precious");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddYears(-1));
        return path;
    }

    private static async Task<List<string>> ListAsync(IObjectStore store, string prefix)
    {
        var keys = new List<string>();
        await foreach (StoredObject one in store.ListAsync(prefix, default))
            keys.Add(one.Key);
        return keys;
    }
}
