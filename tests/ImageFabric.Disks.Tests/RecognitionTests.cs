using System.IO.Compression;
using System.Text;

namespace ImageFabric.Disks.Tests;

/// <summary>What is published as a raw disk, and what never is.</summary>
public sealed class RecognitionTests : IDisposable
{
    private static readonly DiskPolicy Strict = new() { RefusesText = true };

    private readonly ImageDirectory images = new();

    public static TheoryData<string, int, string> ForeignMarks
    {
        get
        {
            var data = new TheoryData<string, int, string>();
            foreach (FormatMark mark in FormatMarks.All.Where(static mark => mark.Advice is not null))
                data.Add(mark.Name, mark.Offset, Convert.ToHexString(mark.Mark));
            return data;
        }
    }

    public void Dispose() => images.Dispose();

    [Theory]
    [MemberData(nameof(ForeignMarks))]
    public async Task A_known_mark_is_refused_by_its_name_bare_and_in_a_wrapper(string name, int offset, string mark)
    {
        byte[] content = new byte[64 << 10];
        new Random(5).NextBytes(content);
        content.AsSpan(0, 300).Clear();
        Convert.FromHexString(mark).CopyTo(content, offset);
        DiskException bare = await RefusedAsync(content, Strict);
        Assert.Equal("FormatNotSupported", bare.Id);
        Assert.Contains(name, bare.Message);
        Assert.Contains(FormatMarks.AdviceOn(name), bare.Message);
        DiskException wrapped = await RefusedAsync(Gzip(content), Strict);
        Assert.Equal("FormatFeatureNotSupported", wrapped.Id);
        Assert.Contains(name, wrapped.Message);
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html><body>Not found</body></html>", "HTML")]
    [InlineData("\r\n \n<HTML><head></head></HTML>", "HTML")]
    [InlineData("<?xml version='1.0'?><Error/>", "XML")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "LFS")]
    [InlineData("#cloud-config\npackages: [vim]\n", "text")]
    [InlineData("{\"error\": \"gone\"}", "JSON")]
    public async Task Text_is_refused_unless_the_user_says_raw(string text, string said)
    {
        foreach (int length in new[] { text.Length, 512 })
        {
            byte[] content = new byte[length];
            Encoding.ASCII.GetBytes(text).CopyTo(content, 0);
            Assert.Contains(said, (await RefusedAsync(content, Strict)).Message);
            Assert.Contains(said, (await RefusedAsync(Gzip(content), Strict)).Message);
            using ILogicalDisk disk = await OpenAsync(content, new DiskPolicy { TakesAnythingAsRaw = true });
            Assert.Equal(("raw", length), (disk.Format, (int)disk.Length));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_on_a_server_may_have_any_size_if_it_begins_as_a_disk(bool isDisk)
    {
        byte[] content = new byte[(1 << 20) + 5];
        new Random(3).NextBytes(content);
        (content[510], content[511]) = isDisk ? ((byte)0x55, (byte)0xaa) : ((byte)0, (byte)0);
        Task<ILogicalDisk> opening = DiskImage.OpenRemoteAsync(new MemoryFile(content), Strict, CancellationToken.None);
        if (!isDisk)
        {
            Assert.Contains("512", (await Assert.ThrowsAsync<DiskException>(() => opening)).Message);
            return;
        }

        using ILogicalDisk disk = await opening;
        Assert.Equal("PartialSector", Assert.Single(await DiskContent.NoticesAsync(disk, CancellationToken.None)).Id);
    }

    [Fact]
    public async Task A_size_that_is_no_multiple_of_512_is_refused_unless_the_user_says_raw()
    {
        byte[] content = new byte[1300];
        new Random(3).NextBytes(content);
        Assert.Contains("512", (await RefusedAsync(content, Strict)).Message);
        using ILogicalDisk disk = await OpenAsync(content, new DiskPolicy { TakesAnythingAsRaw = true });
        Assert.Equal(1300, disk.Length);
    }

    [Fact]
    public async Task Bytes_in_which_nothing_is_recognised_are_raw_with_one_notice_and_a_disk_is_quiet()
    {
        byte[] content = new byte[1 << 20];
        new Random(4).NextBytes(content);
        content.AsSpan(0, 512).Clear();
        foreach (byte[] file in new[] { content, Gzip(content) })
        {
            using ILogicalDisk unknown = await OpenAsync(file, Strict);
            Assert.Equal(["ContentNotRecognised"], (await DiskContent.NoticesAsync(unknown, default)).Select(static notice => notice.Id));
        }

        (content[510], content[511]) = (0x55, 0xaa);
        using ILogicalDisk known = await OpenAsync(content, Strict);
        Assert.Empty(await DiskContent.NoticesAsync(known, default));
    }

    [QemuFact]
    public async Task An_image_in_an_image_is_told()
    {
        QemuImg.Run(["create", "-f", "qcow2", images.File("inner"), "10M"]);
        QemuImg.Run(["convert", "-f", "raw", "-O", "vmdk", images.File("inner"), images.File("outer")]);
        using ILogicalDisk disk = await DiskImage.OpenAsync(images.File("outer"), Strict, default);
        DiskNotice notice = Assert.Single(await DiskContent.NoticesAsync(disk, default));
        Assert.Equal("ImageInsideImage", notice.Id);
        Assert.Contains("qcow2", notice.Message);
    }

    [Fact]
    public async Task A_partition_beyond_the_end_is_told()
    {
        byte[] content = new byte[1 << 20];
        (content[510], content[511]) = (0x55, 0xaa);
        content[450] = 0x83;
        content[454] = 1;
        content[460] = 0x10;
        using ILogicalDisk cut = await OpenAsync(content, Strict);
        Assert.Equal(["PartitionsBeyondEnd"], (await Partitions.PartitionTable.ReadAsync(cut, default)).Notices.Select(static notice => notice.Id));
        content[460] = 0;
        content[458] = 0x10;
        using ILogicalDisk whole = await OpenAsync(content, Strict);
        Assert.Empty((await Partitions.PartitionTable.ReadAsync(whole, default)).Notices);
    }

    private static Task<ILogicalDisk> OpenAsync(byte[] content, DiskPolicy policy) => DiskImage.OpenRemoteAsync(new MemoryFile(content), policy, default);

    private static Task<DiskException> RefusedAsync(byte[] content, DiskPolicy policy) => Assert.ThrowsAsync<DiskException>(() => OpenAsync(content, policy));

    private static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(content);
        return packed.ToArray();
    }
}
