using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>What is published comes back, in the judgement of qemu-img.</summary>
public sealed class RoundTripTests : IDisposable
{
    private const long Mebi = 1024 * 1024;
    private const long Tebi = Mebi * Mebi;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [EngineTheory]
    [InlineData("-o compat=0.10")]
    [InlineData("-o compat=1.1")]
    [InlineData("-o cluster_size=4k")]
    [InlineData("-o cluster_size=2M")]
    [InlineData("-o extended_l2=on,cluster_size=128k")]
    [InlineData("-o preallocation=metadata")]
    [InlineData("-c -o compression_type=zlib")]
    [InlineData("-c -o compression_type=zstd")]
    public async Task A_qcow2_of_any_make_comes_back_as_raw_and_as_qcow2(string options)
    {
        string raw = SampleDisk.Make(scratch["source.raw"], 48 * Mebi, 8 * Mebi);
        QemuImg.Convert(raw, "raw", scratch["source.qcow2"], ["-O", "qcow2", .. options.Split(' ')]);

        PublishResult published = await AssertRoundTripAsync(scratch["source.qcow2"], "qcow2");

        Assert.Equal("qcow2", published.SourceFormat);
    }

    [EngineTheory]
    [InlineData(512, 512)]
    [InlineData(Mebi + 777, Mebi)]
    [InlineData((5 * Mebi) + 1, 3 * Mebi)]
    [InlineData(64 * Mebi, 16 * Mebi)]
    [InlineData(64 * Mebi, 0)]
    public async Task A_raw_disk_of_any_size_comes_back_as_raw_and_as_qcow2(long length, long data)
    {
        string raw = data == 0 ? SampleDisk.MakeDense(scratch["source.raw"], length, 0) : SampleDisk.Make(scratch["source.raw"], length, data);

        // A length that no disk has is taken when the user says that it is one.
        PublishResult published = await AssertRoundTripAsync(raw, "raw", more: length % 512 == 0 ? [] : ["--source-format", "raw"]);

        Assert.Equal("raw", published.SourceFormat);
        Assert.Equal(length, published.VirtualSize);
        Assert.Equal(length, new FileInfo(scratch["pulled.raw"]).Length);
    }

    [EngineFact]
    public async Task A_disk_of_one_tebibyte_takes_no_more_than_its_data()
    {
        string qcow2 = scratch["source.qcow2"];
        QemuImg.Run("create", "-f", "qcow2", qcow2, "1T");
        foreach (long offset in new[] { 0, (700L * 1024 * Mebi) + 4096, Tebi - 65536 })
            QemuIo.Write(qcow2, "qcow2", offset, 65536);

        PublishResult published = await AssertRoundTripAsync(qcow2, "qcow2");

        Assert.Equal(Tebi, published.VirtualSize);
        Assert.InRange(published.BytesRead, 3 * 65536, Mebi);
    }

    [EngineFact]
    public async Task The_same_content_in_another_format_has_the_same_id_and_sends_no_pack()
    {
        string raw = SampleDisk.Make(scratch["source.raw"], 64 * Mebi, 16 * Mebi);
        QemuImg.Convert(raw, "raw", scratch["plain.qcow2"], "-O", "qcow2");
        QemuImg.Convert(raw, "raw", scratch["small.qcow2"], "-O", "qcow2", "-c", "-o", "compression_type=zstd,cluster_size=16k");
        TestStore store = TestStore.InDirectory(scratch["store"]);

        PublishResult first = (await store.PublishAsync(raw, "raw")).Result<PublishResult>();
        PublishResult plain = (await store.PublishAsync(scratch["plain.qcow2"], "plain")).Result<PublishResult>();
        PublishResult small = (await store.PublishAsync(scratch["small.qcow2"], "small")).Result<PublishResult>();

        Assert.True(first.PacksUploaded > 0);
        Assert.Equal((first.ImageId, 0, true), (plain.ImageId, plain.PacksUploaded, plain.Created));
        Assert.Equal((first.ImageId, 0, true), (small.ImageId, small.PacksUploaded, small.Created));
        Assert.InRange(small.BytesUploaded, 1, first.BytesUploaded / 10);
    }

    [TestbedFact]
    public async Task An_S3_store_gives_back_what_it_got()
    {
        string raw = SampleDisk.Make(scratch["source.raw"], 128 * Mebi, 48 * Mebi);

        await AssertRoundTripAsync(raw, "raw", TestStore.InBucket());
    }

    private async Task<PublishResult> AssertRoundTripAsync(string source, string format, TestStore? store = null, string[]? more = null)
    {
        store ??= TestStore.InDirectory(scratch["store"]);
        PublishResult published = (await store.PublishAsync(source, "1", more ?? [])).Result<PublishResult>();
        PullResult asRaw = (await store.PullAsync("1", scratch["pulled.raw"])).Result<PullResult>();
        PullResult asQcow2 = (await store.PullAsync("1", scratch["pulled.qcow2"])).Result<PullResult>();

        QemuImg.AssertIdentical(source, format, asRaw.Path, "raw");
        QemuImg.AssertIdentical(source, format, asQcow2.Path, "qcow2");
        QemuImg.AssertClean(asQcow2.Path);
        Assert.Equal((published.ImageId, "raw"), (asRaw.ImageId, asRaw.Format));
        Assert.Equal((published.ImageId, "qcow2"), (asQcow2.ImageId, asQcow2.Format));
        return published;
    }
}
