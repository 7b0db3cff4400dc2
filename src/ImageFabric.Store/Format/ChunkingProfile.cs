namespace ImageFabric.Store.Format;

/// <summary>How a repository cuts disks into chunks. It is fixed when the repository is made, since only equal cuts find equal chunks.</summary>
/// <param name="MinimumLength">A chunk shorter than this, in bytes, is not ended by its content. A multiple of <see cref="BlockLength"/>.</param>
/// <param name="AverageLength">The length, in bytes, that content aims at. A power of two and a multiple of <see cref="BlockLength"/>.</param>
/// <param name="MaximumLength">The longest chunk, in bytes. A multiple of <see cref="BlockLength"/>, at most <see cref="LongestChunk"/>.</param>
public sealed record ChunkingProfile(int MinimumLength, int AverageLength, int MaximumLength)
{
    /// <summary>Chunks begin at multiples of this many bytes of the disk, so that every one can be block-cloned.</summary>
    public const int BlockLength = 4096;

    /// <summary>The longest chunk any profile may allow, in bytes.</summary>
    public const int LongestChunk = 1024 * 1024;

    /// <summary>The name of the one algorithm of format version 1.</summary>
    public const string Algorithm = "crc32c-4k";

    /// <summary>What a new repository gets: 8, 16 and 64 KiB.</summary>
    public static ChunkingProfile Default { get; } = new(8 * 1024, 16 * 1024, 64 * 1024);

    /// <summary>True when the lengths keep the rules of their parameters.</summary>
    public bool IsValid =>
        MinimumLength > 0 && MinimumLength % BlockLength == 0 &&
        AverageLength >= MinimumLength && int.IsPow2(AverageLength) && AverageLength % BlockLength == 0 &&
        MaximumLength >= AverageLength && MaximumLength % BlockLength == 0 && MaximumLength <= LongestChunk;

    /// <summary>The bits of a block's hash that are all zero where a chunk ends.</summary>
    internal uint BoundaryMask => (uint)(AverageLength / BlockLength) - 1;
}
