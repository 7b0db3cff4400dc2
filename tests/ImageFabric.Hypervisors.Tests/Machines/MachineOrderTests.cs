using ImageFabric.Hypervisors.Machines;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.Machines;

public sealed class MachineOrderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly BaseImage _image;

    public MachineOrderTests()
    {
        _image = new BaseImage(_directory.File("base.raw"), "raw", "sha256:abc", 1_000_000, "tiny:v1");
        File.WriteAllText(_image.Path, "");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Defaults_are_one_processor_1_GiB_the_images_size_and_the_machines_name()
    {
        MachineOrder order = MachineOrder.From(new VmCreateRequest { Name = "web01" }, _image, ["raw", "qcow2"], prefersUefi: false);
        Assert.Equal(new MachineOrder("web01", 1, 1L << 30, 1_000_448, "web01", TimeSpan.Zero), order);
    }

    [Fact]
    public void No_machine_is_made_from_a_format_that_libvirt_does_not_know()
    {
        var error = Assert.Throws<HypervisorException>(() => MachineOrder.From(new VmCreateRequest { Name = "web01" }, _image with { Format = "vhdx" }, ["raw", "qcow2"], prefersUefi: false));
        Assert.Equal("InvalidRequest", error.Id);
        Assert.Contains("raw or qcow2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("5")]
    [InlineData("Web-01.example_x")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890123")]
    public void Names_of_the_contract_are_taken(string name) =>
        Assert.Equal(name, MachineOrder.From(new VmCreateRequest { Name = name }, _image, ["raw", "qcow2"], prefersUefi: false).Name);

    [Theory]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData(".a")]
    [InlineData("_a")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a\n")]
    [InlineData("é")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234")]
    public void Other_names_are_refused(string name) => AssertRefused("InvalidRequest", new VmCreateRequest { Name = name });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1025)]
    public void Processors_outside_1_to_1024_are_refused(int cpu) => AssertRefused("InvalidRequest", new VmCreateRequest { Name = "a", Cpu = cpu });

    [Fact]
    public void Memory_below_16_MiB_is_refused()
    {
        AssertRefused("InvalidRequest", new VmCreateRequest { Name = "a", MemoryBytes = (16 << 20) - 1 });
        Assert.Equal(16 << 20, MachineOrder.From(new VmCreateRequest { Name = "a", MemoryBytes = 16 << 20 }, _image, ["raw", "qcow2"], prefersUefi: false).MemoryBytes);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3601)]
    public void A_wait_outside_an_hour_is_refused(int seconds) => AssertRefused("InvalidRequest", new VmCreateRequest { Name = "a", WaitSeconds = seconds });

    [Theory]
    [InlineData("a\"b")]
    [InlineData("a\nuser: x")]
    [InlineData("")]
    public void A_host_name_of_another_form_is_refused(string hostName) =>
        AssertRefused("InvalidRequest", new VmCreateRequest { Name = "a", HostNameInGuest = hostName });

    [Theory]
    [InlineData(999_999)]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_disk_smaller_than_the_image_is_refused(long size) => AssertRefused("DiskTooSmall", new VmCreateRequest { Name = "a", DiskSizeBytes = size });

    [Fact]
    public void A_disk_whose_size_cannot_be_rounded_up_is_refused() =>
        AssertRefused("InvalidRequest", new VmCreateRequest { Name = "a", DiskSizeBytes = long.MaxValue });

    [Fact]
    public void An_image_whose_file_is_gone_is_told_as_such()
    {
        File.Delete(_image.Path);
        AssertRefused("ImageNotOnHost", new VmCreateRequest { Name = "a" });
    }

    private void AssertRefused(string id, VmCreateRequest request) =>
        Assert.Equal(id, Assert.Throws<HypervisorException>(() => MachineOrder.From(request, _image, ["raw", "qcow2"], prefersUefi: false)).Id);
}
