using ImageFabric.Engine.Output;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Output;

public sealed class ResultTextTests
{
    private static readonly string Id = "sha256:" + new string('a', 64);

    public static TheoryData<EngineEvent, string> Texts => new()
    {
        {
            new PublishResult { Name = "disk", Version = "1", ImageId = Id, Created = true, SourceFormat = "raw", VirtualSize = 20L << 30, BytesRead = 4L << 30, BytesUploaded = 3 << 20, PacksUploaded = 1, BytesReused = 0, DurationSeconds = 1.26 },
            "Published disk:1 (20.0 GiB disk, raw) in 1.3 s: 4.00 GiB read, 3.00 MiB uploaded in 1 pack, 0 B already in the store.\n" + Id
        },
        { new PublishResult { Name = "disk", Version = "1", ImageId = Id }, "disk:1 is published already with this content.\n" + Id },
        {
            new PublishResult { Name = "disk", Version = "2", ImageId = Id, Created = true, SourceFormat = "raw", VirtualSize = 20L << 30, BytesRead = 4L << 30, BytesUploaded = 3 << 20, DeltaBytes = 1 << 20, PacksUploaded = 2, BytesReused = 1L << 30, DurationSeconds = 1.26 },
            "Published disk:2 (20.0 GiB disk, raw) in 1.3 s: 4.00 GiB read, 2.00 MiB uploaded in 2 packs, 1.00 GiB already in the store; 1.00 MiB of deltas made.\n" + Id
        },
        { new PublishResult { Name = "disk", Version = "1", ImageId = Id, BytesUploaded = 1 << 20, DeltaBytes = 1 << 20 }, "disk:1 is published already with this content; 1.00 MiB of deltas made.\n" + Id },
        { new VerifyResult { Name = "disk", Version = "1", ChunksVerified = 12345, BytesFetched = 1 << 20, DurationSeconds = 2 }, "disk:1 is whole: 12345 chunks checked, 1.00 MiB read in 2.0 s." },
        {
            new TestResult { Path = "/d", Format = "raw", VirtualSize = 1 << 20, AllocatedSize = 4096, FileSize = 8192, SectorSize = 512 },
            "/d: raw, 1.00 MiB disk, 4.00 KiB of data in a file of 8.00 KiB; sectors of 512 bytes, no partition table, nothing to boot from was found. It can be published."
        },
        {
            new TestResult
            {
                Path = "/d", Format = "vhdx", Subformat = "dynamic", VirtualSize = 1 << 20, AllocatedSize = 4096, FileSize = 8192, SectorSize = 4096,
                PartitionTable = "GPT", BootMode = "UEFI", Issues = [new TestIssue { Id = "LogReplayed", Message = "Its log was replayed." }],
            },
            "/d: vhdx (dynamic), 1.00 MiB disk, 4.00 KiB of data in a file of 8.00 KiB; sectors of 4096 bytes, GPT partition table, boots by UEFI. It can be published.\n  LogReplayed: Its log was replayed."
        },
        { new HostImageTestResult { Image = "a:1", Format = "raw", Intact = true, ChunksVerified = 7, BytesRead = 2048, DurationSeconds = 0.04 }, "a:1 (raw) is what was published: 7 chunks checked, 2.00 KiB read in 0.0 s." },
        { new HostImageTestResult { Image = "a:1", Format = "raw", Damage = "It is gone." }, "a:1 (raw) is damaged: It is gone." },
        { new HostTestResult { Check = "Clock", Status = "Passed", Message = "It is right." }, "Passed   Clock           It is right." },
        { new ProbeResult { Uri = "s3://b/p", FormatVersion = 1, RepositoryId = "x", ConditionalWrites = true }, "s3://b/p: store format 1, id x, conditional writes honoured." },
        { new ProbeResult { Uri = "s3://b/p", FormatVersion = 1, RepositoryId = "x" }, "s3://b/p: store format 1, id x, conditional writes not honoured." },
        { new PullResult { Status = PullResult.Synced, Path = "/o", Format = "raw", VirtualSize = 1 << 20, BytesFetched = 2048, BytesReused = 1024, DurationSeconds = 0.04 }, "/o (raw, 1.00 MiB disk) in 0.0 s: 2.00 KiB fetched, 1.00 KiB reused." },
        { new PullResult { Status = PullResult.AlreadyPresent, Path = "/o" }, "/o is here already." },
        { new SyncResult { Host = "kvm01", Image = "disk:1", Status = "Synced", Path = "/i" }, "kvm01                    disk:1                           Synced                0 B fetched        0 B reused    0.0 s  /i" },
        { new VmResult { Name = "web", State = "running", Image = "disk:1", Cpu = 2, MemoryBytes = 1 << 30, DiskSizeBytes = 20L << 30, Addresses = ["10.0.0.7"] }, "web                      running  disk:1                             2 CPU  1.00 GiB  20.0 GiB  10.0.0.7" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_result_is_told_in_units_that_people_read(EngineEvent result, string text) => Assert.Equal(text, ResultText.Describe(result));

    [Fact]
    public void Every_result_of_the_protocol_has_a_text()
    {
        foreach (Type type in typeof(EngineEvent).Assembly.GetExportedTypes().Where(type => type.IsSubclassOf(typeof(EngineEvent)) && type.Name.EndsWith("Result", StringComparison.Ordinal)))
        {
            var result = (EngineEvent)Activator.CreateInstance(type)!;
            type.GetProperty("ImageId")?.SetValue(result, Id);
            Assert.NotEmpty(ResultText.Describe(result));
        }
    }
}
