using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What two published images share.</summary>
public sealed class VmImageComparison
{
    internal VmImageComparison(CompareResult result)
    {
        ReferenceImage = result.Reference;
        DifferenceImage = result.Difference;
        ReferenceId = result.ReferenceId;
        DifferenceId = result.DifferenceId;
        SharedBytes = result.SharedBytes;
        NewBytes = result.NewBytes;
        RemovedBytes = result.RemovedBytes;
        BytesToFetch = result.BytesToFetch;
    }

    /// <summary>The image that was compared with, as <c>name:version</c>.</summary>
    public string ReferenceImage { get; }

    /// <summary>The image that was compared, as <c>name:version</c>.</summary>
    public string DifferenceImage { get; }

    /// <summary><c>sha256:…</c> of the content of <see cref="ReferenceImage"/>.</summary>
    public string ReferenceId { get; }

    /// <summary><c>sha256:…</c> of the content of <see cref="DifferenceImage"/>.</summary>
    public string DifferenceId { get; }

    /// <summary>True when both have the same content.</summary>
    public bool SameContent => ReferenceId == DifferenceId;

    /// <summary>Bytes of the compared disk that the other image has as well.</summary>
    public long SharedBytes { get; }

    /// <summary>Bytes of the compared disk that the other image does not have.</summary>
    public long NewBytes { get; }

    /// <summary>Bytes of the disk compared with that the compared one does not have.</summary>
    public long RemovedBytes { get; }

    /// <summary>Bytes that a host with <see cref="ReferenceImage"/> fetches for <see cref="DifferenceImage"/>.</summary>
    public long BytesToFetch { get; }
}
