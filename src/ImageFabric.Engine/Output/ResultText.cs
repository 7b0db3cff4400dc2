using System.Globalization;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Output;

/// <summary>Results as lines for a person.</summary>
internal static class ResultText
{
    public static string Describe(EngineEvent result) => result switch
    {
        PublishResult { PlanOnly: true } r => r.Created
            ? $"{r.Name}:{r.Version} would be published ({Size(r.VirtualSize)} disk, {r.SourceFormat}): " +
              $"{Size(r.BytesRead)} read, {Size(r.BytesUploaded)} to upload in {Packs(r.PacksUploaded)}, {Size(r.BytesReused)} already in the store.\n{r.ImageId}"
            : $"{r.Name}:{r.Version} is published already with this content.\n{r.ImageId}",
        PublishResult r => r.Created
            ? $"Published {r.Name}:{r.Version} ({Size(r.VirtualSize)} disk, {r.SourceFormat}) in {Seconds(r.DurationSeconds)}: " +
              $"{Size(r.BytesRead)} read, {Size(r.BytesUploaded - r.DeltaBytes)} uploaded in {Packs(r.PacksUploaded)}, {Size(r.BytesReused)} already in the store{Deltas(r)}.\n{r.ImageId}"
            : $"{r.Name}:{r.Version} is published already with this content{Deltas(r)}.\n{r.ImageId}",
        ImageResult r => $"{r.Name + ":" + r.Version,-40} {Size(r.VirtualSize),10} {Size(r.DataSize),10} {Size(r.StoredSize),10}  {Day(r.Published)}  {r.ImageId[..19]}{(r.SignerSubject is null ? "" : $"  signed as {r.SignerSubject} (not verified)")}",
        OptimizeResult r => OptimizeText.Describe(r),
        VerifyResult { Damaged.Length: > 0 } r => $"{(r.Name == "" ? "Packs that no image names" : $"{r.Name}:{r.Version}")}: damaged." + string.Concat(r.Damaged.Select(static d => $"\n  {d.Damage}: {d.Key}")),
        VerifyResult { Name: "" } r => $"Packs that no image names are whole: {r.PacksVerified} checked, {Size(r.BytesFetched)} read in {Seconds(r.DurationSeconds)}.",
        VerifyResult r => $"{r.Name}:{r.Version} is whole: {r.ChunksVerified.ToString(CultureInfo.InvariantCulture)} chunks checked, {Size(r.BytesFetched)} read in {Seconds(r.DurationSeconds)}.",
        RepairResult r => $"{r.Status,-8} {r.Key} ({r.Damage}){(r.Source is null ? "" : $" from {r.Source}, {Size(r.BytesWritten)} written")}; needed by {string.Join(' ', r.Images)}",
        HostImageReadResult r => $"{r.Number}: {r.Content.Length * 3L / 4} bytes",
        CompareResult r => r.ReferenceId == r.DifferenceId
            ? $"{r.Difference} has the content of {r.Reference}."
            : $"{r.Difference} shares {Size(r.SharedBytes)} with {r.Reference}; {Size(r.NewBytes)} are new, {Size(r.RemovedBytes)} are gone. " +
              $"A host that has {r.Reference} fetches {Size(r.BytesToFetch)}.",
        CopyResult r => r.Status switch
        {
            CopyResult.AlreadyPresent => $"{r.Image} is in {r.Destination} already.",
            CopyResult.Planned => $"{r.Image} would be copied to {r.Destination}: {Size(r.BytesCopied)} to send in {Packs(r.PacksCopied)}, {Size(r.BytesReused)} already there.",
            _ => $"Copied {r.Image} to {r.Destination} in {Seconds(r.DurationSeconds)}: {Size(r.BytesCopied)} sent in {Packs(r.PacksCopied)}, {Size(r.BytesReused)} already there.",
        },
        TestResult r => $"{r.Path}: {r.Format}{(r.Subformat is null ? "" : $" ({r.Subformat})")}, {Size(r.VirtualSize)} disk, {Size(r.AllocatedSize)} of data in a file of {Size(r.FileSize)}; " +
            $"sectors of {r.SectorSize} bytes, {r.PartitionTable ?? "no"} partition table, {(r.BootMode is null ? "nothing to boot from was found" : $"boots by {r.BootMode}")}. It can be published." +
            string.Concat((r.Issues ?? []).Select(static issue => $"\n  {issue.Id}: {issue.Message}")),
        ProbeResult r => $"{r.Uri}: store format {r.FormatVersion}, id {r.RepositoryId}, conditional writes {(r.ConditionalWrites ? "honoured" : "not honoured")}." +
            string.Concat((r.Checks ?? []).Select(static c => $"\n  {c.Status,-7} {c.Check,-18} {c.Message}{(c.Consequence is null ? "" : $"\n{"",29}{c.Consequence}")}")),
        PullResult r => r.Status == PullResult.Synced
            ? $"{r.Path} ({r.Format}, {Size(r.VirtualSize)} disk) in {Seconds(r.DurationSeconds)}: {Size(r.BytesFetched)} fetched, {Size(r.BytesReused)} reused."
            : $"{r.Path} is here already.",
        SyncResult r => $"{r.Host,-24} {r.Image,-32} {r.Status,-14} {Size(r.BytesFetched),10} fetched {(r.BytesFromHosts > 0 ? $"{Size(r.BytesFromHosts),10} from hosts " : "")}{Size(r.BytesReused),10} reused {Seconds(r.DurationSeconds),8}  {r.Path}",
        VmResult r => $"{r.Name,-24} {r.State,-8} {r.Image,-32} {r.Cpu,3} CPU {Size(r.MemoryBytes),9} {Size(r.DiskSizeBytes),9}  {string.Join(' ', r.Addresses ?? [])}".TrimEnd(),
        HostImageResult r => $"{r.Image,-40} {r.State,-9} {r.Format,-7} {Size(r.AllocatedSize),10} {(r.SharedSize is { } shared ? Size(shared) : "?"),10}  {Day(r.LastUsed)}  {string.Join(' ', r.UsedBy ?? [])}".TrimEnd(),
        HostImageTestResult r => r.Intact
            ? $"{r.Image} ({r.Format}) is what was published: {r.ChunksVerified.ToString(CultureInfo.InvariantCulture)} chunks checked, {Size(r.BytesRead)} read in {Seconds(r.DurationSeconds)}."
            : $"{r.Image} ({r.Format}) is damaged: {r.Damage}",
        HostTestResult r => $"{r.Status,-8} {r.Check,-15} {r.Message}" + (r.RecommendedAction is null ? "" : $"\n{"",24} {r.RecommendedAction}"),
        _ => throw new ArgumentException($"No text for {result.GetType().Name}.", nameof(result)),
    };

    /// <summary>The line above a list of such results, or null when they are no list.</summary>
    public static string? Heading(EngineEvent result) => result switch
    {
        ImageResult => $"{"IMAGE",-40} {"DISK",10} {"DATA",10} {"STORED",10}  PUBLISHED   ID",
        HostImageResult => $"{"IMAGE",-40} {"STATE",-9} {"FORMAT",-7} {"TAKES",10} {"SHARED",10}  LAST USED   USED BY",
        _ => null,
    };

    private static string Size(long bytes) => ByteSize.Text(bytes);

    private static string Day(string published) => published.Length >= 10 ? published[..10] : published;

    private static string Packs(int count) => count == 1 ? "1 pack" : $"{count} packs";

    private static string Deltas(PublishResult published) => published.DeltaBytes == 0 ? "" : $"; {Size(published.DeltaBytes)} of deltas made";

    private static string Seconds(double seconds) => $"{seconds.ToString("0.0", CultureInfo.InvariantCulture)} s";
}
