using System.Text.Json;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Format;

/// <summary>The object <c>imagefabric.json</c> at a store's root: that it is a store, and how its disks are cut. Written once. Store format, "Repository".</summary>
public sealed record RepositoryDescription
{
    /// <summary>The version of the store format this program reads and writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the store format.</summary>
    public required int Format { get; init; }

    /// <summary>An id made when the store was, a UUID.</summary>
    public required string RepositoryId { get; init; }

    /// <summary>Name of the chunking algorithm: <see cref="ChunkingProfile.Algorithm"/>.</summary>
    public required string Chunker { get; init; }

    /// <summary>How disks are cut.</summary>
    public required ChunkingProfile Chunking { get; init; }

    /// <summary>Compression of frames: <c>zstd</c>.</summary>
    public required string Compression { get; init; }

    /// <summary><see cref="Creation"/> of a store whose service does not honour conditional writes.</summary>
    public const string Claimed = "claimed";

    /// <summary>How objects are created that must not be there yet: null by conditional writes, <see cref="Claimed"/> by claims. All writers of a store do it in the same way.</summary>
    public string? Creation { get; init; }

    /// <summary>Reads the description of a store that must be one.</summary>
    /// <exception cref="StoreException"><c>StoreNotFound</c> when it holds no repository; <c>StoreFormatNotSupported</c>.</exception>
    public static async Task<RepositoryDescription> OpenAsync(IObjectStore store, CancellationToken cancellationToken) =>
        await TryReadAsync(store, cancellationToken).ConfigureAwait(false)
        ?? throw new StoreException("StoreNotFound", store.Location, $"{store.Location} holds no published image yet.");

    /// <summary>Reads the description, and writes a new one when there is none.</summary>
    /// <exception cref="StoreException"><c>StoreFormatNotSupported</c>, and what the store gives.</exception>
    public static Task<RepositoryDescription> OpenOrCreateAsync(IObjectStore store, CancellationToken cancellationToken) =>
        OpenOrCreateAsync(store, ChunkingProfile.Default, cancellationToken);

    /// <summary>Reads the description, and writes one of disks that are cut in that way when there is none.</summary>
    /// <exception cref="StoreException"><c>StoreFormatNotSupported</c>, and what the store gives.</exception>
    public static async Task<RepositoryDescription> OpenOrCreateAsync(IObjectStore store, ChunkingProfile chunking, CancellationToken cancellationToken)
    {
        if (await TryReadAsync(store, cancellationToken).ConfigureAwait(false) is { } existing)
            return existing;
        var made = new RepositoryDescription
        {
            Format = CurrentFormat,
            RepositoryId = Guid.NewGuid().ToString(),
            Chunker = ChunkingProfile.Algorithm,
            Chunking = chunking,
            Compression = "zstd",
            Creation = await ObjectStores.ProbeConditionalWritesAsync(store, cancellationToken).ConfigureAwait(false) || store is not S3ObjectStore ? null : Claimed,
        };
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(made, FormatJson.Default.RepositoryDescription);
        if (await store.PutAsync(ObjectKeys.Repository, json, PutMode.CreateOnly, cancellationToken).ConfigureAwait(false))
            return made;
        return await OpenAsync(store, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<RepositoryDescription?> TryReadAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        byte[] json;
        try
        {
            json = await store.ReadAllAsync(ObjectKeys.Repository, FormatLimits.LongestDocument, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException missing) when (missing.Id == "ObjectMissing")
        {
            return null;
        }

        RepositoryDescription? description;
        try
        {
            description = JsonSerializer.Deserialize(json, FormatJson.Default.RepositoryDescription);
        }
        catch (JsonException malformed)
        {
            throw new StoreException("StoreFormatNotSupported", store.Location, $"{ObjectKeys.Repository} of {store.Location} cannot be read: {malformed.Message}", malformed);
        }

        if (description is not { Format: CurrentFormat, Chunker: ChunkingProfile.Algorithm, Compression: "zstd", Chunking.IsValid: true, Creation: null or Claimed } || !Guid.TryParse(description.RepositoryId, out _))
            throw new StoreException("StoreFormatNotSupported", store.Location, $"{store.Location} is of a format that this program does not know.");
        if (description.Creation == Claimed && store is S3ObjectStore s3)
            s3.DistrustConditions();
        return description;
    }
}
