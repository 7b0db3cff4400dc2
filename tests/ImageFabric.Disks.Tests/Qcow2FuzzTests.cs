namespace ImageFabric.Disks.Tests;

[Collection(nameof(FuzzRun))]
public sealed class Qcow2FuzzTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public static TheoryData<string> Seeds() => new(
        "cluster_size=512,compat=0.10", "cluster_size=4096", "cluster_size=4096;compressed", "compression_type=zstd,cluster_size=4096;compressed", "extended_l2=on,cluster_size=16384", "cluster_size=65536;snapshot");

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [MemberData(nameof(Seeds))]
    public async Task Damaged_files_are_refused_or_read_as_qemu_reads_them(string options)
    {
        var mutator = new ImageMutator(Qcow2Anatomy.Of(await File.ReadAllBytesAsync(MakeSeed(options))));
        await FuzzRun.RunAsync(images, "qcow2", mutator.Mutate);
    }

    private string MakeSeed(string options)
    {
        string raw = images.MakeRaw("source.raw", 1 << 20, seed: 11);
        string qcow2 = images.File("valid.qcow2");
        string[] parts = options.Split(';');
        bool compressed = parts.Contains("compressed");
        QemuImg.Run(["convert", .. compressed ? new[] { "-c" } : [], "-f", "raw", "-O", "qcow2", "-o", parts[0], raw, qcow2]);
        if (parts.Contains("snapshot"))
            QemuImg.Run("snapshot", "-c", "one", qcow2);
        return qcow2;
    }
}
