using ImageFabric.Engine.Host;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Store.Format;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Who may work on an image of a host at the same time.</summary>
public sealed class HostImageLockTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly HostImageDirectory directory;
    private readonly ImageId image = ImageId.TryParse("sha256:" + new string('a', 64), out ImageId id) ? id : default;

    public HostImageLockTests()
    {
        directory = new HostImageDirectory(scratch["images"]);
        directory.Create();
    }

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void SeveralMachinesMayBeMade_WhileNobodyMayRemoveTheImage()
    {
        using (IDisposable? first = directory.TryHold(image))
        using (IDisposable? second = directory.TryHold(image))
        {
            Assert.NotNull(first);
            Assert.NotNull(second);
            Assert.Null(directory.TryClaim(image));
        }

        using IDisposable? claim = directory.TryClaim(image);
        Assert.NotNull(claim);
        Assert.Null(directory.TryHold(image));
        Assert.Null(directory.TryClaim(image));
    }

    [Fact]
    public async Task OnePullAtATime_AndMachinesMeanwhile()
    {
        using (IDisposable pull = await directory.LockAsync(image, static _ => { }, CancellationToken.None))
        {
            Assert.Null(directory.TryLock(image));
            using IDisposable? hold = directory.TryHold(image);
            Assert.NotNull(hold);
            List<string> told = [];
            using var impatience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => directory.LockAsync(image, told.Add, impatience.Token));
            Assert.Contains(image.ToString(), Assert.Single(told));
        }

        using IDisposable? next = directory.TryLock(image);
        Assert.NotNull(next);
    }

    /// <summary>As on a file system that is read-only: what never becomes free is not waited for.</summary>
    [Fact]
    public async Task ALockThatCannotBeHadIsAnError()
    {
        Directory.CreateDirectory(Path.Combine(directory.Root, "locks", image.Hex));
        OperationException error = await Assert.ThrowsAsync<OperationException>(() => directory.LockAsync(image, static _ => { }, CancellationToken.None));
        Assert.Equal("HostWriteFailed", error.Id);
    }

    /// <summary>Who can open a lock can hold it for ever.</summary>
    [Fact]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public void NobodyElseCanOpenALock()
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        string file = Path.Combine(directory.Root, "locks", image.Hex);
        directory.TryLock(image)!.Dispose();
        Assert.Equal(Owner, File.GetUnixFileMode(file));
        File.SetUnixFileMode(file, Owner | UnixFileMode.OtherRead);
        directory.TryLock(image)!.Dispose();
        Assert.Equal(Owner, File.GetUnixFileMode(file));
        Assert.Equal(Owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(file)!));
    }
}
