namespace ImageFabric.Disks;

/// <summary>What a person should know about a disk image file although it can be read.</summary>
/// <param name="Id">Stable id, for example <c>SnapshotsIgnored</c>; all are in <c>docs/formats.md</c>.</param>
/// <param name="Message">One sentence.</param>
public sealed record DiskNotice(string Id, string Message);
