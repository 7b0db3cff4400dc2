using System.Text.Json;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Collect;

/// <summary>What stands in a mark: that a pack or an index is to go, or that it is to go no longer. Store format, "Collecting".</summary>
internal sealed record ObjectMark
{
    /// <summary>Its object may be deleted once the mark is as old as its grace period and nothing leads to the object.</summary>
    public const string Condemned = "condemned";

    /// <summary>Nobody begins to delete its object any more; who has begun is done by the end of the grace period.</summary>
    public const string Released = "released";

    /// <summary><see cref="Condemned"/> or <see cref="Released"/>.</summary>
    public required string State { get; init; }

    /// <summary>The grace period in seconds.</summary>
    public required long GraceSeconds { get; init; }

    public TimeSpan Grace => TimeSpan.FromSeconds(GraceSeconds);

    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this, FormatJson.Default.ObjectMark);

    /// <summary>Reads a mark. One that cannot be read, or has a shorter grace period than the format allows, entitles nobody to anything: it counts as released.</summary>
    public static ObjectMark Parse(ReadOnlySpan<byte> json)
    {
        ObjectMark? mark = null;
        try
        {
            mark = JsonSerializer.Deserialize(json, FormatJson.Default.ObjectMark);
        }
        catch (JsonException)
        {
            // Said below.
        }

        return mark is { State: Condemned or Released } && mark.GraceSeconds >= CollectionTimes.ShortestGrace.TotalSeconds && mark.GraceSeconds <= CollectionTimes.LongestGrace.TotalSeconds
            ? mark
            : new ObjectMark { State = Released, GraceSeconds = (long)CollectionTimes.LongestGrace.TotalSeconds };
    }
}
