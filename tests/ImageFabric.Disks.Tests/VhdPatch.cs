using System.Buffers.Binary;
using System.Text;
using ImageFabric.Disks.Vhd;

namespace ImageFabric.Disks.Tests;

/// <summary>Looks into VHD files and changes single numbers in them, checksums included.</summary>
internal sealed class VhdPatch(string path)
{
    public long Table => (long)Qcow2Patch.Read(path, Header + 16);

    private long Header => (long)Qcow2Patch.Read(path, 16);

    /// <summary>Changes the footer and its copy, whichever are there, and sums them up again.</summary>
    public void ChangeFooters(Action<byte[]> change)
    {
        foreach (long offset in new[] { 0, new FileInfo(path).Length - VhdFooter.Length })
        {
            byte[] bytes = Read(offset, VhdFooter.Length);
            if (!bytes.AsSpan().StartsWith(VhdFooter.Cookie))
                continue;
            change(bytes);
            VhdChecksum.Set(bytes, VhdFooter.ChecksumOffset);
            Qcow2Patch.WriteBytes(path, offset, bytes);
        }
    }

    public void ChangeHeader(Action<byte[]> change)
    {
        long offset = Header;
        byte[] bytes = Read(offset, VhdDynamicHeader.Length);
        change(bytes);
        VhdChecksum.Set(bytes, VhdDynamicHeader.ChecksumOffset);
        Qcow2Patch.WriteBytes(path, offset, bytes);
    }

    public void SetCreator(string application) => ChangeFooters(footer => Encoding.ASCII.GetBytes(application, footer.AsSpan(28, 4)));

    public uint Entry(int block) => BinaryPrimitives.ReadUInt32BigEndian(Read(Table + (block * 4L), 4));

    public byte[] Read(long offset, int length)
    {
        byte[] bytes = new byte[length];
        using FileStream file = File.OpenRead(path);
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }
}
