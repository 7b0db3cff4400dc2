using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>Creating without conditional writes, in a directory whose conditions nobody uses.</summary>
public sealed class ClaimedCreationTests : IDisposable
{
    private static readonly ClaimTimes Quick = new() { Settle = TimeSpan.FromMilliseconds(300), Lease = TimeSpan.FromSeconds(4), Poll = TimeSpan.FromMilliseconds(20) };

    private readonly string path = Directory.CreateTempSubdirectory("imagefabric-claims-").FullName;

    public void Dispose() => Directory.Delete(path, recursive: true);

    [Fact]
    public async Task Of_many_writers_at_once_one_creates_and_the_others_are_told()
    {
        await using IObjectStore store = await TestStores.DirectoryAsync(path);
        for (int round = 0; round < 5; round++)
        {
            string key = $"images/a/{round}.json";
            bool[] won = await Task.WhenAll(Enumerable.Range(0, 12).Select(writer => Task.Run(async () =>
            {
                // They come at any moment of the others' waiting.
                await Task.Delay(Random.Shared.Next(400));
                return await new ClaimedCreation(store, Quick).CreateAsync(key, Content(writer), default);
            })));
            Assert.Equal(1, won.Count(one => one));
            Assert.Equal(Content(Array.IndexOf(won, true)), await store.ReadAllAsync(key, 1000, default));
        }

        await foreach (StoredObject left in store.ListAsync("tmp/", default))
            Assert.Fail($"{left.Key} was left");
    }

    [Fact]
    public async Task A_writer_that_died_after_its_claim_holds_the_others_up_for_a_while_only()
    {
        await using IObjectStore store = await TestStores.DirectoryAsync(path);
        using var killed = new CancellationTokenSource(TimeSpan.FromMilliseconds(150));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new ClaimedCreation(store, Quick).CreateAsync("images/a/1.json", Content(1), killed.Token));

        Assert.True(await new ClaimedCreation(store, Quick).CreateAsync("images/a/1.json", Content(2), default));

        Assert.Equal(Content(2), await store.ReadAllAsync("images/a/1.json", 1000, default));
    }

    [Fact]
    public async Task What_is_there_is_not_created()
    {
        await using IObjectStore store = await TestStores.DirectoryAsync(path);
        await store.PutAsync("images/a/1.json", Content(1), PutMode.Replace, default);
        Assert.False(await new ClaimedCreation(store, Quick).CreateAsync("images/a/1.json", Content(2), default));
        Assert.False(await new ClaimedCreation(store, Quick).CreateAsync("images/a/1.json", Content(1), default));
        Assert.Equal(Content(1), await store.ReadAllAsync("images/a/1.json", 1000, default));
    }

    private static byte[] Content(int writer) => [.. Enumerable.Repeat((byte)writer, 100 + writer)];
}
