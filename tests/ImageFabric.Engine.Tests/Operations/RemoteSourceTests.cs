using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>Publishing from a bucket, without a file on this machine.</summary>
public sealed class RemoteSourceTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [TestbedFact]
    public async Task A_vhdx_in_a_bucket_is_the_same_image_as_the_disk_it_was_made_from()
    {
        TestStore store = TestStore.InBucket();
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 512 * Mebi, 12 * Mebi);
        string vhdx = scratch["disk.vhdx"];
        QemuImg.Convert(disk, "raw", vhdx, "-O", "vhdx");
        string endpoint = Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT")!;
        string key = $"incoming-{Guid.NewGuid():N}/disk with blanks.vhdx";
        string bucket = Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_BUCKET")!;
        using (var client = new AmazonS3Client(new AmazonS3Config { ServiceURL = endpoint, ForcePathStyle = true, RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED }))
            await client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, FilePath = vhdx, UseChunkEncoding = false });
        string source = $"s3://{bucket}/{key}";

        PublishResult remote = (await store.PublishAsync(source, "1")).Result<PublishResult>();
        PublishResult local = (await store.PublishAsync(disk, "2")).Result<PublishResult>();

        Assert.Equal(("vhdx", local.ImageId, 0), (remote.SourceFormat, remote.ImageId, local.PacksUploaded));
        Assert.Equal("vhdx", (await EngineProgram.RunAsync("test", source, "--source-endpoint", endpoint, "--json")).Result<TestResult>().Format);
        Assert.Equal("FileNotFound", (await store.PublishAsync(source + "x", "3")).Failure().Id);
        Assert.Equal("InvalidRequest", (await store.PublishAsync($"s3://{bucket}", "3")).Failure().Id);
    }
}
