using ImageFabric.Engine.Operations;

namespace ImageFabric.Engine.Tests.Operations;

public sealed class DiskFormatTests
{
    [Theory]
    [InlineData("d.vhdx", "vhdx")]
    [InlineData("D.VHDX", "vhdx")]
    [InlineData("/a.vhd/disk.QCOW2", "qcow2")]
    [InlineData("disk", "raw")]
    [InlineData("disk.img", "raw")]
    [InlineData("disk.bin", "raw")]
    public void A_file_is_written_in_the_format_that_its_extension_means(string path, string format) => Assert.Equal(format, DiskFormat.OfExtension(path));

    [Theory]
    [InlineData("disk.vdi")]
    [InlineData("DISK.VDI")]
    [InlineData("machine.ova")]
    [InlineData("disk.img.gz")]
    public void An_extension_of_a_format_that_cannot_be_written_is_refused(string path)
    {
        OperationException error = Assert.Throws<OperationException>(() => DiskFormat.OfExtension(path));
        Assert.Equal("InvalidRequest", error.Id);
        Assert.Contains("vhdx", error.Message);
    }
}
