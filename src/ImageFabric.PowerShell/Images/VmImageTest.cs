using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What the preflight of a disk image file found.</summary>
public sealed class VmImageTest
{
    internal VmImageTest(string path, TestResult result)
    {
        Path = path;
        Passed = true;
        Format = result.Format;
        VirtualSize = result.VirtualSize;
        FileSize = result.FileSize;
        AllocatedSize = result.AllocatedSize;
    }

    internal VmImageTest(string path, ErrorEvent refusal)
    {
        Path = path;
        ErrorId = refusal.Id;
        Message = refusal.Message;
        RecommendedAction = refusal.RecommendedAction;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>True when the file can be published.</summary>
    public bool Passed { get; }

    /// <summary>Format of the file, by its content. Null when it did not pass.</summary>
    public string? Format { get; }

    /// <summary>Size of the disk as the guest sees it, in bytes. Null when it did not pass.</summary>
    public long? VirtualSize { get; }

    /// <summary>Size of the file in bytes. Null when it did not pass.</summary>
    public long? FileSize { get; }

    /// <summary>Bytes of the disk that the file holds data for. Null when it did not pass.</summary>
    public long? AllocatedSize { get; }

    /// <summary>Stable id of what is wrong with the file. Null when it passed.</summary>
    public string? ErrorId { get; }

    /// <summary>What is wrong with the file. Null when it passed.</summary>
    public string? Message { get; }

    /// <summary>What to do about it. Null when it passed.</summary>
    public string? RecommendedAction { get; }
}
