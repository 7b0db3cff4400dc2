using System.Buffers.Binary;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Ova;
using ImageFabric.Disks.Qcow2;
using ImageFabric.Disks.Vdi;
using ImageFabric.Disks.Vhd;
using ImageFabric.Disks.Vhdx;
using ImageFabric.Disks.Vmdk;

namespace ImageFabric.Disks;

/// <summary>Tells a file's format by the marks its specification puts into it.</summary>
internal static class FormatProbe
{
    private const int ProbeLength = 512;

    // An ISO image is a disk as it stands, so it has no entry here.
    private static readonly (string Format, int Offset, byte[] Mark)[] Marks =
    [
        ("vhdx", 0, VhdxFormat.FileSignature.ToArray()),
        ("vhd", 0, VhdFooter.Cookie.ToArray()),
        ("vmdk", 0, VmdkHeader.Magic.ToArray()),
        ("vmdk", 0, VmdkDescriptor.Mark.ToArray()),
        ("VMDK of ESX (COWD)", 0, "COWD"u8.ToArray()),
        ("VMDK of ESX (seSparse)", 0, [0xbe, 0xba, 0xfe, 0xca, 0, 0, 0, 0]),
        ("vdi", VdiHeader.SignatureOffset, VdiHeader.Signature.ToArray()),
        ("ova", TarArchive.MarkOffset, TarArchive.Mark.ToArray()),
        ("QED", 0, "QED\0"u8.ToArray()),
        ("Parallels", 0, "WithoutFreeSpace"u8.ToArray()),
        ("Parallels", 0, "WithouFreSpacExt"u8.ToArray()),
        ("gzip", 0, [0x1f, 0x8b, 0x08]),
        ("bzip2", 0, "BZh"u8.ToArray()),
        ("xz", 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
        ("zstd", 0, [0x28, 0xb5, 0x2f, 0xfd]),
        ("zip", 0, [0x50, 0x4b, 0x03, 0x04]),
        ("7z", 0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]),
    ];

    /// <summary>The name of the format; <c>raw</c> when there is no mark.</summary>
    public static async ValueTask<string> DetectAsync(SourceFile file, CancellationToken cancellationToken)
    {
        byte[] start = new byte[(int)Math.Min(ProbeLength, file.Length)];
        await file.ReadAsync(0, start, cancellationToken).ConfigureAwait(false);
        string format = DetectStart(start);
        if (format != "raw")
            return format;

        // A fixed VHD is a raw disk with a footer behind it.
        if (file.Length >= VhdFooter.Length)
        {
            byte[] footer = new byte[8];
            await file.ReadAsync(file.Length - VhdFooter.Length, footer, cancellationToken).ConfigureAwait(false);
            if (footer.AsSpan().SequenceEqual(VhdFooter.Cookie))
                return "vhd";
        }

        return "raw";
    }

    /// <summary>What the first 512 bytes alone tell: a fixed VHD is a raw disk to them.</summary>
    public static string DetectStart(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith(Qcow2Header.Magic))
            return start.Length >= 8 && BinaryPrimitives.ReadUInt32BigEndian(start[4..]) == 1 ? "qcow (version 1)" : "qcow2";
        foreach ((string format, int offset, byte[] mark) in Marks)
        {
            if (start.Length >= offset + mark.Length && start.Slice(offset, mark.Length).SequenceEqual(mark))
                return format;
        }

        return "raw";
    }
}
