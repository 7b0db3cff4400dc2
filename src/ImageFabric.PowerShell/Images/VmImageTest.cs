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
        Subformat = result.Subformat;
        SectorSize = result.SectorSize;
        PartitionTable = result.PartitionTable;
        BootMode = result.BootMode;
        Issues = System.Array.ConvertAll(result.Issues ?? [], static issue => new VmImageIssue(issue));
        VirtualSize = result.VirtualSize;
        FileSize = result.FileSize;
        AllocatedSize = result.AllocatedSize;
    }

    internal VmImageTest(string path, ErrorEvent refusal)
    {
        Path = path;
        Issues = [new VmImageIssue(refusal)];
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

    /// <summary>Kind of the format, such as <c>v3</c>, <c>dynamic</c> or <c>streamOptimized</c>. Null where there is one kind only, or when it did not pass.</summary>
    public string? Subformat { get; }

    /// <summary>Bytes of a logical sector of the disk. Null when it did not pass.</summary>
    public int? SectorSize { get; }

    /// <summary><c>GPT</c> or <c>MBR</c>. Null: the disk has no partition table, or did not pass.</summary>
    public string? PartitionTable { get; }

    /// <summary>How a machine boots from the disk, as its partition table tells: <c>BIOS</c>, <c>UEFI</c> or <c>BIOS+UEFI</c>. Null: it does not tell.</summary>
    public string? BootMode { get; }

    /// <summary>What was noticed: the error when it did not pass, otherwise what one should know.</summary>
    public VmImageIssue[] Issues { get; }

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
