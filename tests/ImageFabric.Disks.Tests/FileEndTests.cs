using System.Buffers.Binary;
using System.IO.Compression;
using ImageFabric.Disks.Vhd;

namespace ImageFabric.Disks.Tests;

/// <summary>Files that end otherwise than their specification says: VHD footers that are short, lost or not the last bytes, and what follows a gzip file.</summary>
public sealed class FileEndTests : IDisposable
{
    private const int Length = 3 << 20;

    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [Theory]
    [InlineData("vhd-fixed", -1, "FooterShort")]
    [InlineData("vhd-fixed", 512, "FooterFollowed")]
    [InlineData("vhd-fixed", 3584, "FooterFollowed")]
    [InlineData("vhd-fixed", 200_000, "FooterFollowed")]
    [InlineData("vhd", -1, "FooterShort")]
    [InlineData("vhd", -512, "FooterMissing")]
    [InlineData("vhd", 4096, "FooterFollowed")]
    [InlineData("vhd", 200_000, "FooterFollowed")]
    public async Task A_VHD_is_read_whatever_became_of_its_footer_and_it_is_said(string format, int change, string notice)
    {
        (string raw, string image) = await MakeAsync(format);
        using (FileStream file = File.OpenWrite(image))
            file.SetLength(file.Length + change);
        Assert.Equal(notice, Assert.Single(await DiskReading.AssertReadsLikeAsync(image, "vhd", raw)).Id);
    }

    [Theory]
    [InlineData("vhd-fixed")]
    [InlineData("vhd")]
    public async Task A_whole_VHD_has_nothing_to_say(string format)
    {
        (string raw, string image) = await MakeAsync(format);
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(image, "vhd", raw));
    }

    /// <summary>The bytes of a VHD within a raw disk make no VHD of it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_footer_of_something_else_is_no_footer(int what)
    {
        (_, string image) = await MakeAsync("vhd-fixed");
        byte[] whole = await File.ReadAllBytesAsync(image);
        byte[] disk = what == 0 ? [.. new byte[4096], .. whole, .. new byte[512]] : [.. whole, .. new byte[512]];
        if (what == 1)
            disk[Length + 100] ^= 1;
        disk[0] = 1;
        await File.WriteAllBytesAsync(images.File("disk.img"), disk);
        using ILogicalDisk opened = await DiskReading.OpenAsync(images.File("disk.img"));
        Assert.Equal("raw", opened.Format);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(512)]
    [InlineData(65536)]
    public async Task A_fixed_VHD_in_gzip_is_named_wherever_its_footer_is(int change)
    {
        (_, string image) = await MakeAsync("vhd-fixed");
        byte[] whole = await File.ReadAllBytesAsync(image);
        byte[] changed = new byte[whole.Length + change];
        whole.AsSpan(0, Math.Min(whole.Length, changed.Length)).CopyTo(changed);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => ReadAsync(Gzip(changed)));
        Assert.Equal("FormatFeatureNotSupported", error.Id);
        Assert.Contains("VHD", error.Message);
    }

    public static TheoryData<string, byte[], string?> Followed() => new()
    {
        { "nothing", [], null },
        { "one zero", [0], null },
        { "zeros", new byte[10240], null },
        { "other bytes", "{\"metadata_version\":\"1.1\"}"u8.ToArray(), "TrailingBytesIgnored" },
        { "zeros and other bytes", [.. new byte[100_000], 7], "TrailingBytesIgnored" },
        { "half a mark", [0x1f], "TrailingBytesIgnored" },
    };

    [Theory]
    [MemberData(nameof(Followed))]
    public async Task What_follows_a_gzip_file_is_left_out_and_bytes_other_than_zeros_are_told(string what, byte[] follows, string? notice)
    {
        Assert.NotEmpty(what);
        byte[] disk = await File.ReadAllBytesAsync(images.MakeRaw("disk.raw", Length));
        foreach (byte[] packed in new[] { Gzip(disk), [.. Gzip(disk[..700_000]), .. Gzip([]), .. Gzip(disk[700_000..])] })
        {
            (byte[] content, IReadOnlyList<DiskNotice> notices) = await ReadAsync([.. packed, .. follows]);
            Assert.True(content.AsSpan().SequenceEqual(disk));
            Assert.Equal(notice is null ? [] : [notice], notices.Select(static n => n.Id));
        }
    }

    [Fact]
    public async Task A_gzip_file_that_was_cut_is_told_from_one_that_is_damaged()
    {
        byte[] whole = Gzip(await File.ReadAllBytesAsync(images.MakeRaw("disk.raw", Length)));
        foreach (int length in new[] { 5, 30, whole.Length / 2, whole.Length - 9, whole.Length - 8, whole.Length - 5, whole.Length - 1 })
            Assert.Contains("ends early", (await Assert.ThrowsAsync<DiskException>(() => ReadAsync(whole[..length]))).Message);

        // In the data, in the checksum, in the length.
        foreach (int at in new[] { whole.Length / 2, whole.Length - 6 })
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[at] ^= 0x10;
            DiskException error = await Assert.ThrowsAsync<DiskException>(() => ReadAsync(damaged));
            Assert.Equal("ImageCorrupt", error.Id);
            Assert.Contains("damaged", error.Message);
        }
    }

    [Fact]
    public async Task A_gzip_header_with_everything_in_it_is_read()
    {
        byte[] packed = Gzip(new byte[4096]);
        byte[] header = [0x1f, 0x8b, 8, 2 | 4 | 8 | 16, .. packed[4..10], 3, 0, 1, 2, 3, .. "disk.img\0"u8, .. "a comment\0"u8, 0, 0];
        (byte[] content, _) = await ReadAsync([.. header, .. packed[10..]]);
        Assert.Equal(4096, content.Length);
    }

    [Theory]
    [InlineData("vhdx", true)]
    [InlineData("vhdx-fixed", true)]
    [InlineData("raw", false)]
    [InlineData("qcow2", false)]
    public async Task Sectors_of_4096_bytes_are_written_where_the_format_has_them(string format, bool says)
    {
        string image = images.File("disk");
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, format, Length, 4096, [new DiskExtent(0, 4096)], CancellationToken.None))
        {
            await target.WriteAsync(0, new byte[] { 7 }, CancellationToken.None);
            await target.CompleteAsync(CancellationToken.None);
        }

        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.Equal(says ? 4096 : 512, disk.SectorSize);
        Assert.Equal(Length, disk.Length);
    }

    [Theory]
    [InlineData("vhd")]
    [InlineData("vhd-fixed")]
    [InlineData("vmdk")]
    public async Task Sectors_of_4096_bytes_are_refused_where_the_format_has_none(string format)
    {
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => DiskTarget.OpenAsync(images.File("disk"), format, Length, 4096, [], CancellationToken.None));
        Assert.Equal("FormatFeatureNotSupported", error.Id);
        Assert.False(File.Exists(images.File("disk")));
    }

    private async Task<(string Raw, string Image)> MakeAsync(string format)
    {
        string raw = images.MakeRaw("source.raw", Length);
        string image = images.File("disk.vhd");
        byte[] content = await File.ReadAllBytesAsync(raw);
        await using IDiskTarget target = await DiskTarget.OpenAsync(image, format, Length, 512, [new DiskExtent(0, Length)], CancellationToken.None);
        await target.WriteAsync(0, content, CancellationToken.None);
        await target.CompleteAsync(CancellationToken.None);
        return (raw, image);
    }

    private async Task<(byte[] Content, IReadOnlyList<DiskNotice> Notices)> ReadAsync(byte[] file)
    {
        string path = images.File("disk.gz");
        await File.WriteAllBytesAsync(path, file);
        using ILogicalDisk disk = await DiskReading.OpenAsync(path);
        var content = new MemoryStream();
        await foreach (DiskExtent extent in disk.ReadExtentsAsync(CancellationToken.None))
        {
            byte[] part = new byte[extent.Length];
            await disk.ReadAsync(extent.Offset, part, CancellationToken.None);
            content.Position = extent.Offset;
            content.Write(part);
        }

        content.SetLength(disk.Length);
        return (content.ToArray(), disk.Notices);
    }

    private static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(content);
        byte[] bytes = packed.ToArray();

        // .NET writes nothing at all of nothing.
        return bytes.Length > 0 ? bytes : [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    }
}
