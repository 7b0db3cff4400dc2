using System.Text;
using ImageFabric.Hypervisors.Seeds;

namespace ImageFabric.Hypervisors.Tests.Iso;

public sealed class SeedIsoTests
{
    private static readonly DateTimeOffset Moment = new(2026, 2, 28, 23, 59, 58, TimeSpan.Zero);

    // A file of exactly one block, one that spills over, and an empty one.
    private static readonly SeedFile[] Files =
    [
        new("user-data", Bytes("#cloud-config\n" + new string('x', 5000) + "é\n")),
        new("meta-data", new byte[2048]),
        new("network-config", []),
        new("vendor-data", Bytes("v")),
    ];

    [Fact]
    public void Names_and_content_are_read_back_through_Rock_Ridge()
    {
        IsoReader reader = IsoReader.Primary(SeedIso.Build("cidata", Files, Moment));
        Dictionary<string, (byte[] Content, uint Mode)> read = reader.RockRidgeFiles();
        Assert.Equal("cidata", reader.Label);
        Assert.Equal(Files.Select(f => f.Name).Order(), read.Keys.Order());
        Assert.All(Files, file => Assert.Equal(file.Content, read[file.Name].Content));
    }

    [Fact]
    public void Names_and_content_are_read_back_through_Joliet()
    {
        IsoReader reader = IsoReader.Joliet(SeedIso.Build("cidata", Files, Moment));
        Dictionary<string, byte[]> read = reader.Files();
        Assert.Equal("cidata", reader.Label);
        Assert.Equal(Files.Select(f => f.Name).Order(), read.Keys.Order());
        Assert.All(Files, file => Assert.Equal(file.Content, read[file.Name]));
    }

    [Fact]
    public void Plain_names_are_of_the_form_that_ISO_9660_level_2_allows()
    {
        Dictionary<string, byte[]> read = IsoReader.Primary(SeedIso.Build("cidata", Files, Moment)).Files();
        Assert.Equal(["META_DATA.;1", "NETWORK_CONFIG.;1", "USER_DATA.;1", "VENDOR_DATA.;1"], read.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Only_root_can_read_the_files_in_the_guest() =>
        Assert.All(IsoReader.Primary(SeedIso.Build("cidata", Files, Moment)).RockRidgeFiles().Values, file => Assert.Equal(0x8100u, file.Mode));

    [Fact]
    public void The_same_arguments_give_the_same_bytes() =>
        Assert.Equal(SeedIso.Build("cidata", Files, Moment), SeedIso.Build("cidata", [.. Files.Reverse()], Moment));

    [Theory]
    [InlineData("")]
    [InlineData("User-Data")]
    [InlineData("a/b")]
    [InlineData("naïve")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123")]
    public void A_name_that_would_not_appear_as_given_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => SeedIso.Build("cidata", [new SeedFile(name, [])], Moment));

    [Fact]
    public void More_files_than_a_block_of_directory_holds_are_refused() =>
        Assert.Throws<ArgumentException>(() => SeedIso.Build("cidata", [.. Enumerable.Range(0, 40).Select(n => new SeedFile($"file-{n:000}", []))], Moment));

    [ToolFact("isoinfo")]
    public void Isoinfo_reads_both_trees()
    {
        using var directory = new TemporaryDirectory();
        string iso = Write(directory);
        Assert.Contains("Volume id: cidata\n", Program.Run("isoinfo", "-d", "-i", iso), StringComparison.Ordinal);
        Assert.Contains("Rock Ridge signatures version 1 found", Program.Run("isoinfo", "-d", "-i", iso), StringComparison.Ordinal);
        Assert.Contains("Joliet with UCS level 3 found", Program.Run("isoinfo", "-d", "-i", iso), StringComparison.Ordinal);
        foreach (string tree in new[] { "-R", "-J" })
        {
            Assert.Equal(["/meta-data", "/network-config", "/user-data", "/vendor-data"], Lines(Program.Run("isoinfo", tree, "-f", "-i", iso)));
            Assert.Equal(Text("user-data"), Program.Run("isoinfo", tree, "-x", "/user-data", "-i", iso));
        }
        Assert.Contains("Feb 28 2026", Program.Run("isoinfo", "-R", "-l", "-i", iso), StringComparison.Ordinal);
    }

    [ToolFact("xorriso")]
    public void Xorriso_extracts_the_files_as_they_were()
    {
        using var directory = new TemporaryDirectory();
        string iso = Write(directory), extracted = directory.File("extracted");
        Program.Run("xorriso", "-abort_on", "WARNING", "-indev", iso, "-osirrox", "on", "-extract", "/", extracted);
        AssertFilesIn(extracted);
    }

    [ToolFact("bsdtar")]
    public void Libarchive_extracts_the_files_as_they_were()
    {
        using var directory = new TemporaryDirectory();
        string iso = Write(directory), extracted = directory.File("extracted");
        Directory.CreateDirectory(extracted);
        Program.Run("bsdtar", "-x", "-f", iso, "-C", extracted);
        AssertFilesIn(extracted);
    }

    [KernelMountFact]
    public void The_kernel_mounts_it_with_Rock_Ridge_and_with_Joliet()
    {
        using var directory = new TemporaryDirectory();
        string iso = Write(directory), mounted = directory.File("mounted");
        Directory.CreateDirectory(mounted);
        foreach (string options in new[] { "loop,ro", "loop,ro,norock" })
        {
            Program.Run("mount", "-t", "iso9660", "-o", options, iso, mounted);
            try
            {
                AssertFilesIn(mounted);
            }
            finally
            {
                Program.Run("umount", mounted);
            }
        }
    }

    private static string Write(TemporaryDirectory directory)
    {
        string path = directory.File("seed.iso");
        File.WriteAllBytes(path, SeedIso.Build("cidata", Files, Moment));
        return path;
    }

    private static void AssertFilesIn(string directory)
    {
        Assert.Equal(Files.Select(f => f.Name).Order(), Directory.GetFiles(directory).Select(Path.GetFileName).Order());
        Assert.All(Files, file => Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(directory, file.Name))));
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(string name) => Encoding.UTF8.GetString(Files.Single(f => f.Name == name).Content);

    private static string[] Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal)];
}
