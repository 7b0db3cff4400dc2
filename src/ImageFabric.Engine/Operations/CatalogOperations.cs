using System.Diagnostics;
using ImageFabric.Disks;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Health;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Verify;

namespace ImageFabric.Engine.Operations;

/// <summary>What is asked of a store's catalog: list, remove, verify, probe; and the preflight of a file.</summary>
internal static class CatalogOperations
{
    public static async Task ListAsync(ListRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<Manifest> listed = await new ImageCatalog(store, UserCache.Directory).ListAsync(Images.CheckPattern(request.Image), damage => output.Error(Faults.Describe(damage)), cancellationToken).ConfigureAwait(false);
        output.Results(listed, Images.DescribeWithSigner, cancellationToken);
    }

    public static async Task RemoveAsync(RemoveRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        if (request.KeepLast is < 1)
            throw new OperationException("InvalidRequest", request.Image, $"Of each image at least one version is kept, not {request.KeepLast}.");
        bool pattern = request.KeepLast is not null || request.Image.AsSpan().ContainsAny('*', '?');

        // A name alone could mean one version or all; what cannot be undone is not guessed.
        if (!pattern || !request.Image.Contains(':', StringComparison.Ordinal) || request.Image.EndsWith($":{ImageReference.Latest}", StringComparison.Ordinal))
            Images.ParseExact(request.Image);
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        var catalog = new ImageCatalog(store);
        if (!pattern)
        {
            output.Result(await RemoveAsync(catalog, Images.ParseExact(request.Image), cancellationToken).ConfigureAwait(false));
            return;
        }

        IReadOnlyList<Manifest> listed = await catalog.ListAsync(Images.CheckPattern(request.Image), damage => output.Error(Faults.Describe(damage)), cancellationToken).ConfigureAwait(false);
        foreach (Manifest manifest in listed.GroupBy(m => m.Name, StringComparer.Ordinal).SelectMany(versions => versions.SkipLast(request.KeepLast ?? 0)))
            output.Result(await RemoveAsync(catalog, new ImageReference(manifest.Name, manifest.Version), cancellationToken).ConfigureAwait(false));
    }

    // Of one whose manifest cannot be read only the name is known.
    private static async Task<ImageResult> RemoveAsync(ImageCatalog catalog, ImageReference image, CancellationToken cancellationToken) =>
        await catalog.RemoveAsync(image, cancellationToken).ConfigureAwait(false) is { } manifest ? Images.Describe(manifest) : new ImageResult { Name = image.Name, Version = image.Version! };

    public static async Task VerifyAsync(VerifyRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        var verifier = new StoreVerifier(store);
        var told = new HashSet<string>(StringComparer.Ordinal);
        foreach (Manifest manifest in await Images.FindAsync(store, request.Image, output, cancellationToken).ConfigureAwait(false))
        {
            long start = Stopwatch.GetTimestamp();
            var progress = new TransferReport(output, $"Checking {manifest.Name}:{manifest.Version}");
            Tell(manifest, await verifier.VerifyAsync(manifest, progress, cancellationToken).ConfigureAwait(false), Stopwatch.GetElapsedTime(start), told, output);
        }

        if (request.Image is null)
        {
            long start = Stopwatch.GetTimestamp();
            if (await verifier.VerifyUnnamedAsync(cancellationToken).ConfigureAwait(false) is { } unnamed)
                Tell(null, unnamed, Stopwatch.GetElapsedTime(start), told, output);
        }
    }

    private static void Tell(Manifest? manifest, ImageVerification found, TimeSpan duration, HashSet<string> told, IEventOutput output)
    {
        output.Result(new VerifyResult
        {
            Name = manifest?.Name ?? "",
            Version = manifest?.Version ?? "",
            ImageId = manifest?.ImageId ?? "",
            ChunksVerified = found.ChunksVerified,
            PacksVerified = found.PacksVerified,
            BytesFetched = found.BytesFetched,
            Damaged = found.Damaged.Count == 0 ? null : [.. found.Damaged.Select(static d => new DamagedObject { Key = d.Key, Damage = d.Id, Message = d.Message })],
            DurationSeconds = duration.TotalSeconds,
        });
        foreach (ObjectDamage damage in found.Damaged.Where(d => told.Add(d.Key)))
            output.Error(Faults.Describe(new OperationException(damage.Id, damage.Key, damage.Message)));
    }

    public static async Task ProbeAsync(ProbeRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        await using IObjectStore store = await Stores.OpenForWritingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        RepositoryDescription repository = await RepositoryDescription.OpenOrCreateAsync(store, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<StoreCheck> checks = await StoreHealth.ExamineAsync(store, cancellationToken).ConfigureAwait(false);
        output.Result(new ProbeResult
        {
            Uri = store.Location,
            RepositoryId = repository.RepositoryId,
            FormatVersion = repository.Format,
            ConditionalWrites = store.ConditionalWrites,
            Checks = [.. checks.Select(static c => new StoreCheckResult { Check = c.Check, Status = c.Status.ToString(), Message = c.Message, Consequence = c.Consequence })],
        });
    }

    public static async Task TestAsync(TestRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        using Preflight preflight = await Preflight.RunAsync(request.Source, request.SourceService, request.Policy, cancellationToken).ConfigureAwait(false);
        ILogicalDisk disk = preflight.Disk;
        long allocated = 0;
        await foreach (DiskExtent extent in disk.ReadExtentsAsync(cancellationToken).ConfigureAwait(false))
            allocated += extent.Length;
        output.Result(new TestResult
        {
            Path = AddressForm.WithoutSecrets(request.Source),
            Format = disk.Format,
            Subformat = disk.Subformat,
            VirtualSize = disk.Length,
            FileSize = disk.FileLength,
            AllocatedSize = allocated,
            SectorSize = preflight.SectorSize,
            PartitionTable = preflight.PartitionTable,
            BootMode = preflight.BootMode,
            Issues = preflight.Notices.Count == 0 ? null : [.. preflight.Notices.Select(static n => new TestIssue { Id = n.Id, Message = n.Message })],
        });
    }
}
