using System.Diagnostics;
using ImageFabric.Disks;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Verify;

namespace ImageFabric.Engine.Operations;

/// <summary>What is asked of a store's catalog: list, remove, verify, probe; and the preflight of a file.</summary>
internal static class CatalogOperations
{
    public static async Task ListAsync(ListRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        foreach (Manifest manifest in await new ImageCatalog(store, UserCache.Directory).ListAsync(request.Image, damage => output.Error(Faults.Describe(damage)), cancellationToken).ConfigureAwait(false))
            output.Result(Images.Describe(manifest));
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
            output.Result(Images.Describe(await catalog.RemoveAsync(Images.ParseExact(request.Image), cancellationToken).ConfigureAwait(false)));
            return;
        }

        IReadOnlyList<Manifest> listed = await catalog.ListAsync(request.Image, damage => output.Error(Faults.Describe(damage)), cancellationToken).ConfigureAwait(false);
        foreach (Manifest manifest in listed.GroupBy(m => m.Name, StringComparer.Ordinal).SelectMany(versions => versions.SkipLast(request.KeepLast ?? 0)))
            output.Result(Images.Describe(await catalog.RemoveAsync(new ImageReference(manifest.Name, manifest.Version), cancellationToken).ConfigureAwait(false)));
    }

    public static async Task VerifyAsync(VerifyRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        var catalog = new ImageCatalog(store);
        if (request.Image is not null)
        {
            await VerifyAsync(store, await catalog.ResolveAsync(Images.Parse(request.Image), cancellationToken).ConfigureAwait(false), output, cancellationToken).ConfigureAwait(false);
            return;
        }

        foreach (Manifest manifest in await catalog.ListAsync(null, damage => output.Error(Faults.Describe(damage)), cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await VerifyAsync(store, manifest, output, cancellationToken).ConfigureAwait(false);
            }
            catch (Store.StoreException damage) when (damage.Id is "IndexCorrupt" or "ManifestCorrupt" or "PackCorrupt" or "ObjectMissing")
            {
                // One damaged image does not keep the others from being checked.
                output.Error(Faults.Describe(damage));
            }
        }
    }

    public static async Task ProbeAsync(ProbeRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        await using IObjectStore store = await Stores.OpenForWritingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        RepositoryDescription repository = await RepositoryDescription.OpenOrCreateAsync(store, cancellationToken).ConfigureAwait(false);
        output.Result(new ProbeResult
        {
            Uri = store.Location,
            RepositoryId = repository.RepositoryId,
            FormatVersion = repository.Format,
            ConditionalWrites = await ObjectStores.ProbeConditionalWritesAsync(store, cancellationToken).ConfigureAwait(false),
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
            Path = request.Source,
            Format = disk.Format,
            Subformat = disk.Subformat,
            VirtualSize = disk.Length,
            FileSize = disk.FileLength,
            AllocatedSize = allocated,
            SectorSize = disk.SectorSize,
            PartitionTable = preflight.PartitionTable,
            BootMode = preflight.BootMode,
            Issues = preflight.Notices.Count == 0 ? null : [.. preflight.Notices.Select(static n => new TestIssue { Id = n.Id, Message = n.Message })],
        });
    }

    private static async Task VerifyAsync(IObjectStore store, Manifest manifest, IEventOutput output, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        var progress = new TransferReport(output, $"Checking {manifest.Name}:{manifest.Version}");
        VerifyOutcome outcome = await ImageVerifier.RunAsync(store, manifest, progress, cancellationToken).ConfigureAwait(false);
        output.Result(new VerifyResult
        {
            Name = manifest.Name,
            Version = manifest.Version,
            ImageId = manifest.ImageId,
            ChunksVerified = outcome.ChunksVerified,
            BytesFetched = outcome.BytesFetched,
            DurationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        });
    }
}
