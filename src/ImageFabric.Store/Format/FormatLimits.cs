namespace ImageFabric.Store.Format;

/// <summary>Bounds that every reader of format version 1 may rely on and checks before it allocates.</summary>
internal static class FormatLimits
{
    /// <summary>A frame is closed before its content would exceed this many bytes, unless it is one single chunk.</summary>
    public const int FrameLength = 512 * 1024;

    /// <summary>No frame's content or stored form is longer, in bytes.</summary>
    public const int LongestFrame = ChunkingProfile.LongestChunk;

    /// <summary>A pack is closed once its frames take this many bytes.</summary>
    public const int PackLength = 16 * 1024 * 1024;

    /// <summary>No pack is longer, in bytes: frames, one more frame, and the footer.</summary>
    public const int LongestPack = 32 * 1024 * 1024;

    /// <summary>No manifest or repository description is longer, in bytes.</summary>
    public const int LongestDocument = 1024 * 1024;

    /// <summary>No index object is longer, in bytes.</summary>
    public const int LongestIndex = 1024 * 1024 * 1024;

    /// <summary>Rows of one section of an index; only the last section of a table has fewer.</summary>
    public const int SectionRows = 16 * 1024;

    /// <summary>No section of an index has longer content, in bytes.</summary>
    public const int LongestSection = 1024 * 1024;

    /// <summary>No pack's or index's salt is longer, in bytes.</summary>
    public const int LongestSalt = 64;

    /// <summary>The frames of no delta are longer, in bytes; what is over it is fetched as without one.</summary>
    public const int LongestDelta = 1024 * 1024 * 1024;

    /// <summary>No delta's table is longer, in bytes.</summary>
    public const int LongestDeltaTable = 4 * 1024 * 1024;

    /// <summary>No frame of a delta has a longer prefix, in bytes.</summary>
    public const int LongestPrefix = 2 * 1024 * 1024;

    /// <summary>No frame of a delta gives more chunks, and none has more in its prefix: as many as there are blocks in the longest prefix.</summary>
    public const int MostDeltaChunks = LongestPrefix / ChunkingProfile.BlockLength;

    /// <summary>No signature has more characters of base64.</summary>
    public const int LongestSignature = 64 * 1024;

    /// <summary>No disk has longer sectors, in bytes.</summary>
    public const int LongestSector = 64 * 1024;

    /// <summary>No image was published earlier.</summary>
    public static readonly DateTimeOffset EarliestTime = DateTimeOffset.UnixEpoch;

    /// <summary>No document names a later time, so that whoever adds a period to one gets a time.</summary>
    public static readonly DateTimeOffset LatestTime = new(9000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>A time that a store tells, held within what documents may name.</summary>
    public static DateTimeOffset Bounded(DateTimeOffset time) => time < EarliestTime ? EarliestTime : time > LatestTime ? LatestTime : time;

    /// <summary>The largest disk, in bytes: 64 TiB.</summary>
    public const long LargestDisk = 64L << 40;
}
