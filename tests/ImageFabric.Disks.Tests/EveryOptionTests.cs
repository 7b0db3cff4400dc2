namespace ImageFabric.Disks.Tests;

/// <summary>Files that qemu-img makes with each of its options, 60 % of them holes, at sizes that end within a block.</summary>
public sealed class EveryOptionTests : IDisposable
{
    private const int Mebi = 1 << 20;

    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [InlineData("qcow2", "compat=0.10")]
    [InlineData("qcow2", "compat=0.10,preallocation=metadata")]
    [InlineData("qcow2", "lazy_refcounts=on")]
    [InlineData("qcow2", "refcount_bits=1")]
    [InlineData("qcow2", "refcount_bits=64")]
    [InlineData("qcow2", "cluster_size=512")]
    [InlineData("qcow2", "cluster_size=2M")]
    [InlineData("qcow2", "preallocation=falloc")]
    [InlineData("qcow2", "preallocation=full")]
    [InlineData("qcow2", "extended_l2=on,cluster_size=2M")]
    [InlineData("qcow2", "extended_l2=on,cluster_size=16k,preallocation=metadata")]
    [InlineData("qcow2", "compression_type=zstd")]
    [InlineData("vhdx", "block_size=1M")]
    [InlineData("vhdx", "block_size=256M")]
    [InlineData("vhdx", "log_size=3M")]
    [InlineData("vhdx", "subformat=fixed")]
    [InlineData("vhdx", "subformat=fixed,log_size=2M,block_size=8M")]
    [InlineData("vpc", "force_size")]
    [InlineData("vpc", "subformat=fixed,force_size")]
    [InlineData("vmdk", "adapter_type=lsilogic")]
    [InlineData("vmdk", "adapter_type=buslogic,toolsversion=12345")]
    [InlineData("vmdk", "adapter_type=legacyESX,hwversion=17")]
    [InlineData("vmdk", "compat6=on")]
    [InlineData("vmdk", "zeroed_grain=on")]
    [InlineData("vmdk", "subformat=streamOptimized,adapter_type=lsilogic")]
    [InlineData("vdi", "static=on")]
    [InlineData("vdi", "static=off")]
    public async Task A_file_reads_as_the_disk_it_was_made_of(string format, string options)
    {
        foreach (long length in new[] { (3L * Mebi) + 512, (12L * Mebi) - 1024 })
        {
            string raw = MakeSparse(length);
            string image = images.File("disk." + format);
            QemuImg.Run("convert", "-f", "raw", "-O", format, "-o", options, raw, image);
            await DiskReading.AssertReadsLikeAsync(image, format == "vpc" ? "vhd" : format, raw);
        }
    }

    // Runs of data and of nothing, of all lengths.
    private string MakeSparse(long length)
    {
        string path = images.File("source.raw");
        var random = new Random((int)length);
        using FileStream file = File.Create(path);
        file.SetLength(length);
        byte[] piece = new byte[Mebi];
        for (long at = 0; at < length;)
        {
            int run = random.Next(1, Mebi);
            if (random.NextDouble() < 0.4)
            {
                random.NextBytes(piece.AsSpan(0, run));
                file.Position = at;
                file.Write(piece, 0, (int)Math.Min(run, length - at));
            }

            at += run;
        }

        return path;
    }
}
