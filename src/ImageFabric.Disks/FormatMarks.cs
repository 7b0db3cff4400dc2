using ImageFabric.Disks.Ova;
using ImageFabric.Disks.Vdi;
using ImageFabric.Disks.Vhd;
using ImageFabric.Disks.Vhdx;
using ImageFabric.Disks.Vmdk;

namespace ImageFabric.Disks;

/// <summary>The marks of all formats that are known not to be raw disks; each is from the format's specification, or from the source of the program that writes it.</summary>
internal static class FormatMarks
{
    private const string Qemu = "Convert it with 'qemu-img convert -O qcow2 FILE NEW'.";

    // An ISO image is a disk as it stands, so it has no entry here.
    public static IReadOnlyList<FormatMark> All { get; } =
    [
        new("vhdx", 0, VhdxFormat.FileSignature.ToArray()),
        new("vhd", 0, VhdFooter.Cookie.ToArray()),
        new("vmdk", 0, VmdkHeader.Magic.ToArray()),
        new("vdi", VdiHeader.SignatureOffset, VdiHeader.Signature.ToArray()),
        new("ova", TarArchive.MarkOffset, TarArchive.Mark.ToArray()),
        new("gzip", 0, [0x1f, 0x8b, 0x08]),
        new("xz", 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
        new("zstd", 0, [0x28, 0xb5, 0x2f, 0xfd]),

        // RFC 8878, 3.1.2: a frame to skip, as pzstd begins its files.
        .. Enumerable.Range(0x50, 16).Select(static first => new FormatMark("zstd", 0, [(byte)first, 0x2a, 0x4d, 0x18])),
        new("VMDK of ESX (COWD)", 0, "COWD"u8.ToArray(), Qemu),
        new("VMDK of ESX (seSparse)", 0, [0xbe, 0xba, 0xfe, 0xca, 0, 0, 0, 0], Qemu),
        new("QED", 0, "QED\0"u8.ToArray(), Qemu),
        new("Parallels", 0, "WithoutFreeSpace"u8.ToArray(), Qemu),
        new("Parallels", 0, "WithouFreSpacExt"u8.ToArray(), Qemu),
        new("bochs", 0, "Bochs Virtual HD Image"u8.ToArray(), Qemu),
        new("cloop", 0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop"u8.ToArray(), Qemu),
        new("bzip2", 0, "BZh"u8.ToArray(), "Unpack it with 'bzip2 -d'."),
        new("lz4", 0, [0x04, 0x22, 0x4d, 0x18], "Unpack it with 'lz4 -d'."),
        new("lz4 (legacy)", 0, [0x02, 0x21, 0x4c, 0x18], "Unpack it with 'lz4 -d'."),
        new("lzip", 0, "LZIP\u0001"u8.ToArray(), "Unpack it with 'lzip -d'."),
        new("lzop", 0, [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a], "Unpack it with 'lzop -d'."),
        new("rar", 0, "Rar!\u001a\u0007"u8.ToArray(), "Unpack it with 'unrar x'."),
        new("zip", 0, [0x50, 0x4b, 0x03, 0x04], "Unpack it with 'unzip'."),
        new("zip (empty)", 0, [0x50, 0x4b, 0x05, 0x06], "There is nothing in it: get the file again."),
        new("zip (in pieces)", 0, [0x50, 0x4b, 0x07, 0x08], "Unpack it with '7z x'."),
        new("7z", 0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "Unpack it with '7z x'."),
        new("compress (.Z)", 0, [0x1f, 0x9d], "Unpack it with 'uncompress'."),
        new("E01 (EnCase, Expert Witness)", 0, [0x45, 0x56, 0x46, 0x09, 0x0d, 0x0a, 0xff, 0x00], "Export it with 'ewfexport -f raw'."),
        new("Ex01 (EnCase, Expert Witness)", 0, [0x45, 0x56, 0x46, 0x32, 0x0d, 0x0a, 0x81, 0x00], "Export it with 'ewfexport -f raw'."),
        new("AFF", 0, "AFF10\r\n\0"u8.ToArray(), "Export it with 'affconvert -r'."),
        new("CHD", 0, "MComprHD"u8.ToArray(), "Extract it with 'chdman extracthd' or 'chdman extractraw'."),
        new("FFU (Full Flash Update)", 4, "SignedImage "u8.ToArray(), "Apply it to a disk with 'dism /Apply-FFU', or turn it into a VHDX with ffu2vhd."),
        new("partclone", 0, "partclone-image"u8.ToArray(), "Restore it to a disk with 'partclone.restore', or with Clonezilla."),
        new("Partimage", 0, "PaRtImAgE-VoLuMe"u8.ToArray(), "Restore it to a disk with 'partimage restore'."),
        new("Apple sparse image (.sparseimage)", 0, "sprs"u8.ToArray(), "Convert it with 'hdiutil convert -format UDTO' on macOS."),
        new("ASIF (Apple sparse image)", 0, "shdw"u8.ToArray(), "Convert it with 'diskutil image' or 'hdiutil convert' on macOS."),
        new("VMA (backup of Proxmox VE, vzdump)", 0, "VMA\0"u8.ToArray(), "Extract its disks with 'vma extract', or restore it with qmrestore."),
        new("WIM (Windows image)", 0, "MSWIM\0\0\0"u8.ToArray(), "Apply it to a disk with 'dism /Apply-Image' or 'wimlib-imagex apply'."),
        new("WIM (Windows image, pipable)", 0, "WLPWM\0\0\0"u8.ToArray(), "Apply it to a disk with 'wimlib-imagex apply'."),
        new("virsh save (the memory of a machine, no disk)", 0, "LibvirtQemudSave"u8.ToArray(), "Publish the machine's disk, which 'virsh domblklist' names."),
        new("virsh save (the memory of a machine, no disk)", 0, "LibvirtQemudPart"u8.ToArray(), "Publish the machine's disk, which 'virsh domblklist' names."),
        new("QEMU migration stream (the memory of a machine, no disk)", 0, "QEVM"u8.ToArray(), "Publish the machine's disk."),
        new("Android sparse image", 0, [0x3a, 0xff, 0x26, 0xed], "Convert it with simg2img."),
        new("rbd export", 0, "rbd image v2\n"u8.ToArray(), "Import it with 'rbd import --export-format 2', and export it again without that."),
        new("rbd export-diff", 0, "rbd diff v"u8.ToArray(), "Import it with 'rbd import-diff', and export the image with 'rbd export'."),
        new("CD image with sectors of 2352 bytes", 0, [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0], "Convert it to an ISO image with bchunk or iat."),
        new("zfs send stream", 8, [0xac, 0xcb, 0xba, 0xf5, 0x02, 0, 0, 0], "Receive it with 'zfs receive', and publish the volume's device."),
        new("zfs send stream", 8, [0, 0, 0, 0x02, 0xf5, 0xba, 0xcb, 0xac], "Receive it with 'zfs receive', and publish the volume's device."),
        new("btrfs send stream", 0, "btrfs-stream\0"u8.ToArray(), "Receive it with 'btrfs receive'."),
        new("CAB (Windows cabinet)", 0, "MSCF\0\0\0\0"u8.ToArray(), "Unpack it with 'cabextract' or 'expand'."),
        new("ar archive (such as a Debian package)", 0, "!<arch>\n"u8.ToArray(), "Unpack it with 'ar x'."),
        new("cpio", 0, "070701"u8.ToArray(), "Unpack it with 'cpio -i'."),
        new("RPM", 0, [0xed, 0xab, 0xee, 0xdb], "Unpack it with 'rpm2cpio'."),
        new("ELF program", 0, [0x7f, 0x45, 0x4c, 0x46], "Publish a disk image instead."),
        new("PDF", 0, "%PDF-"u8.ToArray(), "Publish a disk image instead."),
    ];

    /// <summary>What to do with a file of a format that cannot be read.</summary>
    public static string AdviceOn(string format) =>
        format.StartsWith("qcow ", StringComparison.Ordinal) || format.StartsWith("dmg ", StringComparison.Ordinal) ? Qemu
        : format == "lzma" ? "Unpack it with 'unlzma' or 'xz --format=lzma -d'."
        : All.FirstOrDefault(mark => mark.Name == format)?.Advice ?? "Unpack it first, or convert it to raw or qcow2.";
}
