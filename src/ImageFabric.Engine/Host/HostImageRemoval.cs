using ImageFabric.Disks;
using ImageFabric.Engine.Operations;
using ImageFabric.Hypervisors;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;

namespace ImageFabric.Engine.Host;

/// <summary>Chooses which images of a host go, and removes them. What a machine needs, or is just being made from, stays.</summary>
/// <param name="directory">The host's images.</param>
/// <param name="request">What is wanted.</param>
/// <param name="uses">The files that machines need, asked anew each time.</param>
/// <param name="refuse">Takes the errors of single images.</param>
internal sealed class HostImageRemoval(
    HostImageDirectory directory, HostImageRemoveRequest request, Func<CancellationToken, Task<IReadOnlyList<DiskUse>>> uses, Action<Exception> refuse)
{
    private readonly HostImagePattern[] patterns = request.Images is { Length: > 0 } images
        ? [.. images.Select(static image => new HostImagePattern(image))]
        : throw new OperationException("InvalidRequest", null, "The request names no image.");

    /// <summary>What would be removed now.</summary>
    public async Task<IReadOnlyList<HostImageEntry>> PlanAsync(CancellationToken cancellationToken) =>
        Choose(HostImageInventory.Read(directory, await uses(cancellationToken).ConfigureAwait(false)), static _ => null);

    /// <summary>Removes, and says of each when it is gone.</summary>
    public async Task RunAsync(Action<HostImageEntry> removed, CancellationToken cancellationToken)
    {
        var claims = new Dictionary<ImageId, IDisposable?>();
        try
        {
            // First nobody can begin to make a machine from what may go; only then is it looked who needs it.
            foreach (HostImageEntry candidate in HostImageInventory.Read(directory, []).Where(e => patterns.Any(p => p.Matches(e))))
            {
                if (!claims.ContainsKey(candidate.File.Id))
                    claims[candidate.File.Id] = Claim(candidate.File.Id);
            }

            IReadOnlyList<HostImageEntry> all = HostImageInventory.Read(directory, await uses(cancellationToken).ConfigureAwait(false));
            HashSet<HostImageEntry> left = [.. all];
            foreach (HostImageEntry entry in Choose(all, e => claims.GetValueOrDefault(e.File.Id) is null ? "A pull or a new machine is at work on it." : WhyOpen(e)))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (request.FreeBytes is { } wanted && FreeBytes() >= wanted)
                    break;
                Remove(entry, left);
                removed(entry);
            }
        }
        finally
        {
            foreach (IDisposable? claim in claims.Values)
                claim?.Dispose();
        }
    }

    private List<HostImageEntry> Choose(IReadOnlyList<HostImageEntry> all, Func<HostImageEntry, string?> whyBusy)
    {
        HashSet<HostImageEntry> newest = [.. all.Where(static e => e.Record is not null)
            .GroupBy(static e => e.Record!.Name)
            .SelectMany(name => name.GroupBy(static e => e.Record!.Version).OrderByDescending(static v => v.First().Record!.Published, StringComparer.Ordinal).Take(request.KeepLast ?? 0))
            .SelectMany(static version => version)];
        DateTime usedSince = request.UnusedSeconds is { } seconds ? DateTime.UtcNow.AddSeconds(-Math.Min(seconds, TimeSpan.FromDays(36500).TotalSeconds)) : DateTime.MaxValue;
        var chosen = new List<HostImageEntry>();
        var taken = new HashSet<HostImageEntry>();
        foreach (HostImagePattern pattern in patterns)
        {
            HostImageEntry[] named = [.. all.Where(pattern.Matches)];
            if (named.Length == 0 && pattern.IsPlain)
                refuse(new OperationException("ImageNotOnHost", pattern.ToString(), $"The host does not have {pattern}."));
            foreach (HostImageEntry entry in named.Where(e => !newest.Contains(e) && e.LastUsed <= usedSince))
            {
                string? reason = WhyInUse(entry, all) ?? whyBusy(entry);
                if (reason is null && taken.Add(entry))
                    chosen.Add(entry);
                else if (reason is not null && pattern.IsExact)
                    refuse(new OperationException("ImageInUse", entry.Image, $"{entry.Image} stays: {reason}"));
            }
        }

        if (request.FreeBytes is not { } wanted)
            return chosen;
        long free = FreeBytes();
        return [.. chosen.OrderBy(static e => e.LastUsed).TakeWhile(entry =>
        {
            bool needed = free < wanted;
            free += entry.FreedLength;
            return needed;
        })];
    }

    // All formats of an image stay when one is needed: its name stays, too.
    private static string? WhyInUse(HostImageEntry entry, IReadOnlyList<HostImageEntry> all)
    {
        string[] machines = [.. all.Where(e => e.File.Id == entry.File.Id).SelectMany(static e => e.UsedBy).Distinct().Order(StringComparer.Ordinal)];
        return machines.Length == 0 ? null : $"{string.Join(", ", machines)} {(machines.Length == 1 ? "is" : "are")} based on it.";
    }

    private static string? WhyOpen(HostImageEntry entry) => FileUse.IsOpen(entry.File.Path) ? "Some process has it open." : null;

    private IDisposable? Claim(ImageId id)
    {
        if (directory.TryLock(id) is not { } pulling)
            return null;
        if (directory.TryClaim(id) is { } making)
            return new Both(pulling, making);
        pulling.Dispose();
        return null;
    }

    // The file goes with the last name that leads to it.
    private void Remove(HostImageEntry entry, HashSet<HostImageEntry> left)
    {
        try
        {
            left.Remove(entry);
            if (!left.Any(e => e.File == entry.File))
                directory.Delete(entry.File);
            if (entry.Record is { } record && !left.Any(e => e.Record == record))
                directory.Forget(record);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new OperationException("HostWriteFailed", entry.File.Path, $"{entry.Image} cannot be removed: {refused.Message}", refused);
        }
    }

    private long FreeBytes() => new DriveInfo(directory.Root).AvailableFreeSpace;

    private sealed class Both(IDisposable first, IDisposable second) : IDisposable
    {
        public void Dispose()
        {
            second.Dispose();
            first.Dispose();
        }
    }
}
