using System.Text;
using ImageFabric.Disks;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Sources;

namespace ImageFabric.Store.Tests.Sources;

/// <summary>Disk image files read from where they are.</summary>
public sealed class RemoteFileTests
{
    private const int Mebi = 1 << 20;
    private static readonly ObjectStoreLocation NoService = new() { Uri = "" };

    [Fact]
    public async Task Every_range_reads_as_it_is()
    {
        byte[] content = Noise((5 * Mebi) + 12_345);
        await using var server = new WebServer(content);
        using RemoteFile file = await OpenAsync(server, "disk");
        Assert.Equal(content.Length, file.Length);
        await Parallel.ForAsync(0, 200, async (seed, stop) =>
        {
            var random = new Random(seed);
            int offset = random.Next(content.Length);
            byte[] part = new byte[random.Next(1, Math.Min(2 * Mebi, content.Length - offset) + 1)];
            await file.ReadAsync(offset, part, stop);
            Assert.True(part.AsSpan().SequenceEqual(content.AsSpan(offset, part.Length)));
        });
        // Each block about once: a file that fits is not fetched again and again.
        Assert.InRange(server.Sent, content.Length, content.Length + Mebi);
    }

    [Fact]
    public async Task What_is_not_read_is_not_moved()
    {
        await using var server = new WebServer(new byte[200 * Mebi]);
        using RemoteFile file = await OpenAsync(server, "disk");
        byte[] part = new byte[4096];
        foreach (int at in new[] { 0, 150, 70, 199 })
            await file.ReadAsync(at * (long)Mebi, part, CancellationToken.None);
        Assert.InRange(server.Sent, 4 * Mebi, 6 * Mebi);
    }

    [Fact]
    public async Task A_reader_in_order_finds_the_next_blocks_on_their_way()
    {
        byte[] content = Noise(40 * Mebi);
        await using var server = new WebServer(content);
        using RemoteFile file = await OpenAsync(server, "disk");
        byte[] part = new byte[Mebi / 2];
        for (int at = 0; at < 20 * Mebi; at += part.Length)
        {
            await file.ReadAsync(at, part, CancellationToken.None);
            Assert.True(part.AsSpan().SequenceEqual(content.AsSpan(at, part.Length)));
        }

        await WaitAsync(() => server.Sent >= 27 * Mebi);
        Assert.InRange(server.Sent, 27 * Mebi, 29 * Mebi);
    }

    [Fact]
    public async Task Redirects_are_followed_each_time()
    {
        await using var elsewhere = new WebServer(Noise(3 * Mebi));
        await using var server = new WebServer([]) { RedirectTo = new Uri(elsewhere.Address, "disk?signature=x").AbsoluteUri };
        using RemoteFile file = await OpenAsync(server, "moved");
        Assert.Equal(3 * Mebi, file.Length);
        byte[] part = new byte[Mebi];
        await file.ReadAsync(2 * Mebi, part, CancellationToken.None);
        Assert.True(part.AsSpan().SequenceEqual(elsewhere.Content.AsSpan(2 * Mebi)));
    }

    [Theory]
    [InlineData("moved")]
    public async Task A_redirect_without_end_is_an_error(string path)
    {
        await using var server = new WebServer([]) { RedirectTo = "/moved" };
        Assert.Equal("FileUnreadable", (await Assert.ThrowsAsync<DiskException>(() => OpenAsync(server, path))).Id);
    }

    [Fact]
    public async Task A_server_without_ranges_is_refused_unless_the_file_is_small()
    {
        await using var server = new WebServer(Noise(2 * Mebi)) { IgnoresRanges = true };
        Assert.Equal("SourceRangesNotSupported", (await Assert.ThrowsAsync<DiskException>(() => OpenAsync(server, "disk"))).Id);
        server.Content = Noise(1000);
        using RemoteFile small = await OpenAsync(server, "disk");
        byte[] part = new byte[1000];
        await small.ReadAsync(0, part, CancellationToken.None);
        Assert.Equal(server.Content, part);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_file_that_changes_is_found_out(bool tagged, bool ignoresConditions)
    {
        await using var server = new WebServer(Noise(4 * Mebi)) { Tag = tagged ? "\"one\"" : null, IgnoresConditions = ignoresConditions };
        using RemoteFile file = await OpenAsync(server, "disk");
        server.Content = Noise(4 * Mebi);
        (server.Tag, server.Modified) = (tagged ? "\"two\"" : null, server.Modified.AddSeconds(5));
        DiskException error = await Assert.ThrowsAsync<DiskException>(async () => await file.ReadAsync(3 * Mebi, new byte[10], CancellationToken.None));
        Assert.Equal("SourceChanged", error.Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Passing_faults_pass(bool breaksOff)
    {
        await using var server = new WebServer(Noise(3 * Mebi)) { Failures = 2, BreaksOff = breaksOff };
        using RemoteFile file = await OpenAsync(server, "disk");
        server.Failures = 2;
        byte[] part = new byte[Mebi];
        await file.ReadAsync(2 * Mebi, part, CancellationToken.None);
        Assert.True(part.AsSpan().SequenceEqual(server.Content.AsSpan(2 * Mebi)));
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        await using var server = new WebServer([]);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => OpenAsync(server, "nothing?token=secret"));
        Assert.Equal("FileNotFound", error.Id);
        Assert.DoesNotContain("secret", error.Message + error.Target, StringComparison.Ordinal);
        Assert.Equal("FileNotFound", (await Assert.ThrowsAsync<DiskException>(() => RemoteFile.OpenAsync("https://", NoService, CancellationToken.None))).Id);
    }

    [Fact]
    public async Task User_and_password_go_into_a_header_and_nowhere_else()
    {
        await using var server = new WebServer(Noise(100));
        var uri = new UriBuilder(new Uri(server.Address, "disk")) { UserName = "ann", Password = "p%40ss" }.Uri;
        using RemoteFile file = await RemoteFile.OpenAsync(uri.AbsoluteUri, NoService, CancellationToken.None);
        Assert.Equal(["Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("ann:p@ss"))], server.Authorizations.Distinct());
        Assert.DoesNotContain("p@ss", file.Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_file_has_no_bytes()
    {
        await using var server = new WebServer([]);
        using RemoteFile file = await OpenAsync(server, "disk");
        Assert.Equal(0, file.Length);
        Assert.Equal("ImageEmpty", (await Assert.ThrowsAsync<DiskException>(async () => await DiskImage.OpenRemoteAsync(await OpenAsync(server, "disk"), DiskPolicy.Default, CancellationToken.None))).Id);
    }

    private static Task<RemoteFile> OpenAsync(WebServer server, string path) =>
        RemoteFile.OpenAsync(new Uri(server.Address, path).AbsoluteUri, NoService, CancellationToken.None);

    private static byte[] Noise(int length)
    {
        byte[] noise = new byte[length];
        new Random(length).NextBytes(noise);
        return noise;
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (int i = 0; i < 3000 && !condition(); i++)
            await Task.Delay(10);
    }
}
