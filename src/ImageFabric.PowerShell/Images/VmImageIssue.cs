using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Something that the preflight of a disk image file noticed.</summary>
public sealed class VmImageIssue
{
    internal VmImageIssue(TestIssue notice)
    {
        Id = notice.Id;
        Severity = "Notice";
        Message = notice.Message;
    }

    internal VmImageIssue(ErrorEvent refusal)
    {
        Id = refusal.Id;
        Severity = "Error";
        Message = refusal.Message;
        Offset = refusal.Offset;
        RecommendedAction = refusal.RecommendedAction;
    }

    /// <summary>Stable id, such as <c>ImageCorrupt</c> or <c>SnapshotsIgnored</c>.</summary>
    public string Id { get; }

    /// <summary><c>Error</c>: the file is not published. <c>Notice</c>: it is, but one should know.</summary>
    public string Severity { get; }

    /// <summary>What it is, in one sentence.</summary>
    public string Message { get; }

    /// <summary>Where in the file, in bytes, if that can be said.</summary>
    public long? Offset { get; }

    /// <summary>What to do about it. Null when nothing need be done.</summary>
    public string? RecommendedAction { get; }

    /// <summary>Id and message.</summary>
    public override string ToString() => $"{Id}: {Message}";
}
