using System;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What reading an image of a host came to.</summary>
public sealed class VmHostImageTest : HostItem
{
    internal VmHostImageTest(HostConnection connection, HostImageTestResult result)
        : base(connection)
    {
        Image = result.Image;
        ImageId = result.ImageId;
        Format = result.Format;
        Path = result.Path;
        Intact = result.Intact;
        Damage = result.Damage;
        ChunksVerified = result.ChunksVerified;
        ChunksDamaged = result.ChunksDamaged;
        BytesRead = result.BytesRead;
        Duration = TimeSpan.FromSeconds(result.DurationSeconds);
    }

    /// <summary>The image as <c>name:version</c>; its id when the host knows no name of it.</summary>
    public string Image { get; }

    /// <summary><c>sha256:…</c> of the content that it should have.</summary>
    public string ImageId { get; }

    /// <summary>Format of the file.</summary>
    public string Format { get; }

    /// <summary>The file on the host.</summary>
    public string Path { get; }

    /// <summary>True when every byte is what was published.</summary>
    public bool Intact { get; }

    /// <summary>What is wrong. Null when nothing is.</summary>
    public string? Damage { get; }

    /// <summary>Chunks of the disk whose content was checked.</summary>
    public long ChunksVerified { get; }

    /// <summary>Those of them whose content is another than was published.</summary>
    public long ChunksDamaged { get; }

    /// <summary>Bytes of the disk that were read.</summary>
    public long BytesRead { get; }

    /// <summary>Time it took.</summary>
    public TimeSpan Duration { get; }
}
