using System.Text.Json;
using ImageFabric.Hypervisors.Tools;

namespace ImageFabric.Hypervisors.Tests;

public sealed class QemuImgTests : IDisposable
{
    private const long Size = 3 << 20;
    private readonly TemporaryDirectory _directory = new();
    private readonly QemuImg _qemuImg = new();
    private readonly string _base;
    private readonly string _disk;

    public QemuImgTests()
    {
        _base = _directory.File("base, 'one'.raw");
        _disk = _directory.File("disk.qcow2");
        byte[] content = new byte[Size];
        new Random(1).NextBytes(content.AsSpan(4096, 100_000));
        File.WriteAllBytes(_base, content);
    }

    public void Dispose() => _directory.Dispose();

    [ToolFact("qemu-img")]
    public async Task An_overlay_names_its_base_with_its_format_and_reads_like_it()
    {
        await _qemuImg.CreateOverlayAsync(_disk, _base, "raw", Size, CancellationToken.None);
        JsonElement info = Info();
        Assert.Equal((_base, "raw"), (info.GetProperty("backing-filename").GetString(), info.GetProperty("backing-filename-format").GetString()));
        Assert.Contains("Images are identical", Program.Run("qemu-img", "compare", _disk, _base), StringComparison.Ordinal);
    }

    [ToolFact("qemu-img")]
    public async Task A_copy_stands_alone_reads_like_its_source_and_can_grow()
    {
        await _qemuImg.CopyAsync(_base, "raw", _disk, CancellationToken.None);
        await _qemuImg.GrowAsync(_disk, 2 * Size, CancellationToken.None);
        JsonElement info = Info();
        Assert.False(info.TryGetProperty("backing-filename", out _));
        Assert.Equal(2 * Size, info.GetProperty("virtual-size").GetInt64());
        Assert.Contains("Images are identical", Program.Run("qemu-img", "compare", _disk, _base), StringComparison.Ordinal);
    }

    [ToolFact("qemu-img")]
    public async Task A_refusal_is_told_in_its_own_words()
    {
        HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(
            () => _qemuImg.CreateOverlayAsync(_disk, _directory.File("nosuch"), "raw", Size, CancellationToken.None));
        Assert.Equal(("HypervisorFailed", _disk), (e.Id, e.Target));
        Assert.StartsWith("qemu-img create: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("No such file or directory", e.Message, StringComparison.Ordinal);
    }

    private JsonElement Info() => JsonDocument.Parse(Program.Run("qemu-img", "info", "--output=json", _disk)).RootElement;
}
