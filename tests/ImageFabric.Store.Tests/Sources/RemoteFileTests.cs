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
    public async Task Redirects_are_followed()
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

    [Fact]
    public async Task The_first_address_that_a_redirector_gives_is_kept()
    {
        byte[] content = Noise(4 * Mebi);
        await using var mirror = new WebServer(content) { Tag = "\"first\"" };
        await using var other = new WebServer(content) { Tag = "\"second\"" };
        int turn = 0;
        await using var front = new WebServer([]);
        front.Instead = (_, response) =>
        {
            response.RedirectLocation = new Uri((Interlocked.Increment(ref turn) == 1 ? mirror : other).Address, "disk").AbsoluteUri;
            return (302, []);
        };
        using RemoteFile file = await OpenAsync(front, "cloud.img");
        byte[] part = new byte[content.Length];
        await file.ReadAsync(0, part, CancellationToken.None);
        Assert.Equal(content, part);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task An_address_that_a_redirect_gave_and_that_has_ended_is_asked_for_anew()
    {
        byte[] content = Noise(4 * Mebi);
        await using var storage = new WebServer(content);
        int signatures = 0;
        bool ended = false;
        storage.Instead = (request, _) => request.RawUrl!.EndsWith(ended ? "=1" : "=none", StringComparison.Ordinal) ? (403, []) : null;
        await using var front = new WebServer([]);
        front.Instead = (_, response) =>
        {
            response.RedirectLocation = new Uri(storage.Address, $"disk?signature={Interlocked.Increment(ref signatures)}").AbsoluteUri;
            return (307, []);
        };
        using RemoteFile file = await OpenAsync(front, "disk");
        ended = true;
        byte[] part = new byte[Mebi];
        await file.ReadAsync(3 * Mebi, part, CancellationToken.None);
        Assert.True(part.AsSpan().SequenceEqual(content.AsSpan(3 * Mebi)));
        Assert.Equal(2, signatures);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://mirror.invalid/d.img")]
    [InlineData("s3://bucket/d.img")]
    [InlineData("http://[::bad/d.img")]
    [InlineData("http://")]
    public async Task A_redirect_to_what_is_no_web_address_is_refused(string location)
    {
        await using var server = new WebServer([]);
        server.Instead = (_, response) =>
        {
            response.AddHeader("Location", location);
            return (302, []);
        };
        Assert.Equal("FileUnreadable", (await Assert.ThrowsAsync<DiskException>(() => OpenAsync(server, "disk"))).Id);
    }

    [Fact]
    public async Task A_password_goes_along_to_the_same_server_and_to_no_other()
    {
        byte[] content = Noise(2 * Mebi);
        await using var other = new WebServer(content);
        await using var server = new WebServer(content);
        bool away = false;
        server.Instead = (request, response) =>
        {
            if (request.Url!.AbsolutePath == "/disk")
                return request.Headers["Authorization"] is null ? (401, []) : null;
            response.RedirectLocation = away ? new Uri(other.Address, "disk").AbsoluteUri : "/disk";
            return (302, []);
        };
        string address = new UriBuilder(new Uri(server.Address, "start")) { UserName = "ops", Password = "s3cret" }.Uri.AbsoluteUri;
        (await RemoteFile.OpenAsync(address, NoService, CancellationToken.None)).Dispose();
        away = true;
        (await RemoteFile.OpenAsync(address, NoService, CancellationToken.None)).Dispose();
        Assert.NotEmpty(other.Authorizations);
        Assert.All(other.Authorizations, Assert.Null);
    }

    [Theory]
    [InlineData(100_000, false)]
    [InlineData(int.MaxValue, true)]
    [InlineData(100_000, true)]
    public async Task Short_answers_are_gone_on_with_and_an_unknown_length_is_asked_for(int mostAtOnce, bool hidesLength)
    {
        byte[] content = Noise((2 * Mebi) + 77);
        await using var server = new WebServer(content) { MostAtOnce = mostAtOnce, HidesLength = hidesLength };
        using RemoteFile file = await OpenAsync(server, "disk");
        Assert.Equal(content.Length, file.Length);
        byte[] part = new byte[content.Length];
        await file.ReadAsync(0, part, CancellationToken.None);
        Assert.Equal(content, part);
    }

    [Fact]
    public async Task Every_request_says_who_asks_and_that_the_file_is_wanted_as_it_is()
    {
        await using var server = new WebServer(Noise(1000));
        server.Instead = (request, _) => request.Headers["Accept-Encoding"] == "identity" && request.UserAgent?.StartsWith("ImageFabric", StringComparison.Ordinal) == true ? null : (403, []);
        using RemoteFile file = await OpenAsync(server, "disk");
        Assert.Equal(1000, file.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_asks_for_peace_gets_it(bool asDate)
    {
        await using var server = new WebServer(Noise(1000));
        DateTimeOffset? until = null;
        int early = 0;
        server.Instead = (_, response) =>
        {
            until ??= DateTimeOffset.UtcNow.AddSeconds(2);
            if (DateTimeOffset.UtcNow >= until)
                return null;
            early++;
            response.AddHeader("Retry-After", asDate ? until.Value.AddSeconds(1).ToString("R", System.Globalization.CultureInfo.InvariantCulture) : "2");
            return (asDate ? 503 : 429, []);
        };
        using RemoteFile file = await OpenAsync(server, "disk");
        Assert.Equal(1, early);
    }

    [Fact]
    public async Task A_server_that_asks_for_more_than_anybody_waits_is_given_up_at_once()
    {
        await using var server = new WebServer([]);
        server.Instead = (_, response) =>
        {
            response.AddHeader("Retry-After", "86400");
            return (429, []);
        };
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => OpenAsync(server, "disk"));
        Assert.Equal("SourceUnreachable", error.Id);
        Assert.Contains("429", error.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData(403, "AccessDenied", "Request has expired", "SourceRefused", "Request has expired")]
    [InlineData(403, "InvalidObjectState", "The operation is not valid", "SourceRefused", "archive")]
    [InlineData(400, "KMS.DisabledException", "The key is disabled", "SourceRefused", "KMS.DisabledException")]
    [InlineData(404, "NoSuchBucket", "No such bucket", "FileNotFound", "bucket")]
    [InlineData(404, "NoSuchKey", "No such key", "FileNotFound", "There is no")]
    public async Task What_a_service_says_of_its_refusal_is_passed_on(int status, string code, string message, string id, string said)
    {
        await using var server = new WebServer([]);
        server.Instead = (_, _) => (status, Encoding.UTF8.GetBytes($"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"));
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => OpenAsync(server, "disk?X-Amz-Signature=secret"));
        Assert.Equal(id, error.Id);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_named()
    {
        await using var server = new WebServer([]);
        server.Instead = (_, response) =>
        {
            response.AddHeader("Date", DateTime.UtcNow.AddHours(-1).ToString("R", System.Globalization.CultureInfo.InvariantCulture));
            return (403, "<Error><Code>RequestTimeTooSkewed</Code><Message>skewed</Message></Error>"u8.ToArray());
        };
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => OpenAsync(server, "disk"));
        Assert.Contains("clock of this machine is", error.Message, StringComparison.Ordinal);
        Assert.Contains("ahead of", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endless_answer_to_a_refused_request_is_not_read()
    {
        await using var server = new WebServer([]);
        server.Instead = (_, _) => (403, new byte[64 * Mebi]);
        Assert.Equal("SourceRefused", (await Assert.ThrowsAsync<DiskException>(() => OpenAsync(server, "disk"))).Id);
    }

    [Fact]
    public async Task A_port_without_tls_is_named_as_that()
    {
        await using var server = new WebServer([]);
        string address = new UriBuilder(new Uri(server.Address, "disk")) { Scheme = "https" }.Uri.AbsoluteUri;
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => RemoteFile.OpenAsync(address, NoService, CancellationToken.None));
        Assert.Contains("does not speak TLS", error.Message, StringComparison.Ordinal);
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
