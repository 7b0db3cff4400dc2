using System.Globalization;
using ImageFabric.Disks;
using ImageFabric.Hypervisors;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Host;

/// <summary>The images of a host, with what they take and who needs them.</summary>
internal static class HostImageInventory
{
    /// <summary>Looks at every file; one entry for each name that leads to it, or one when none does. By name and version, what has no name last.</summary>
    public static IReadOnlyList<HostImageEntry> Read(HostImageDirectory directory, IReadOnlyList<DiskUse> uses)
    {
        ILookup<string, HostImageRecord> records = directory.Records().ToLookup(static record => record.ImageId);
        ILookup<string, string> machines = uses.ToLookup(static use => RealPath.Of(use.Path), static use => use.Machine, RealPath.Comparer);
        var entries = new List<HostImageEntry>();
        foreach (HostImageFile file in directory.Files())
        {
            FileAllocation allocation;
            DateTime lastUsed;
            try
            {
                allocation = FileAllocation.Of(file.Path);
                lastUsed = directory.LastUsed(file);
            }
            catch (FileNotFoundException)
            {
                // A pull that ended meanwhile has renamed it, or a removal was quicker.
                continue;
            }

            string[] usedBy = [.. machines[RealPath.Of(file.Path)].Distinct().Order(StringComparer.Ordinal)];
            HostImageRecord?[] names = file.IsWhole ? [.. records[file.Id.ToString()]] : [];
            foreach (HostImageRecord? name in names.DefaultIfEmpty(null))
                entries.Add(new HostImageEntry(file, name, allocation, lastUsed, usedBy));
        }

        return
        [
            .. entries.OrderBy(static e => e.Record is null).ThenBy(static e => e.Record?.Name, StringComparer.Ordinal)
                .ThenBy(static e => e.Record?.Published, StringComparer.Ordinal).ThenBy(static e => e.File.Path, StringComparer.Ordinal),
        ];
    }
}

/// <summary>One name of an image file on a host.</summary>
/// <param name="File">The file.</param>
/// <param name="Record">What the host knows of it by that name. Null: no name leads to it.</param>
/// <param name="Allocation">What it takes.</param>
/// <param name="LastUsed">When it was last synced or a machine made from it, UTC.</param>
/// <param name="UsedBy">The machines that need it.</param>
internal sealed record HostImageEntry(HostImageFile File, HostImageRecord? Record, FileAllocation Allocation, DateTime LastUsed, IReadOnlyList<string> UsedBy)
{
    /// <summary>What a person calls it.</summary>
    public string Image => Record is null ? File.Id.ToString() : $"{Record.Name}:{Record.Version}";

    /// <summary>Bytes that its removal frees.</summary>
    public long FreedLength => Allocation.AllocatedLength - (Allocation.SharedLength ?? 0);

    /// <summary>The entry as a result.</summary>
    public HostImageResult Describe(string? state = null) => new()
    {
        Image = Image,
        ImageId = File.Id.ToString(),
        State = state ?? (File.IsWhole ? HostImageResult.Present : HostImageResult.Partial),
        Format = File.Format,
        Path = File.Path,
        VirtualSize = Record?.VirtualSize,
        AllocatedSize = Allocation.AllocatedLength,
        SharedSize = Allocation.SharedLength,
        LastUsed = LastUsed.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        Published = Record?.Published,
        UsedBy = UsedBy.Count > 0 ? [.. UsedBy] : null,
    };
}
