using System.Text;

namespace ImageFabric.Hypervisors.Seeds;

/// <summary>
/// The System Use entries that give POSIX names and modes: SUSP 1.12 (IEEE P1281) and Rock Ridge 1.12 (IEEE P1282), in the form RRIP_1991A,
/// which every reader knows.
/// </summary>
internal static class RockRidge
{
    private const uint DirectoryMode = 0x4000 | 0b101_000_000;
    private const uint FileMode = 0x8000 | 0b100_000_000;

    /// <summary>Entries of the root's record "." in the root: SP (SUSP 5.3), PX, and CE that leads to <see cref="ExtensionReference"/>.</summary>
    public static byte[] RootSelf(uint continuationBlock, uint continuationLength)
    {
        byte[] sharing = [(byte)'S', (byte)'P', 7, 1, 0xBE, 0xEF, 0];
        return [.. sharing, .. Attributes(DirectoryMode, links: 2), .. Continuation(continuationBlock, continuationLength)];
    }

    /// <summary>Entries of the record "..".</summary>
    public static byte[] RootParent() => Attributes(DirectoryMode, links: 2);

    /// <summary>Entries of a file, which only root can read: user data may hold secrets.</summary>
    public static byte[] File(string name) => [.. Attributes(FileMode, links: 1), .. AlternateName(name)];

    /// <summary>ER (SUSP 5.5): says which extension the entries belong to. Too long for a directory record, hence in a continuation area.</summary>
    public static byte[] ExtensionReference()
    {
        // The strings of RRIP 4.3.
        byte[] id = Encoding.ASCII.GetBytes("RRIP_1991A");
        byte[] description = Encoding.ASCII.GetBytes("THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS");
        byte[] source = Encoding.ASCII.GetBytes(
            "PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION.");
        int length = 8 + id.Length + description.Length + source.Length;
        return
        [
            (byte)'E', (byte)'R', (byte)length, 1, (byte)id.Length, (byte)description.Length, (byte)source.Length, 1,
            .. id, .. description, .. source,
        ];
    }

    // CE (SUSP 5.1): block, offset in it, length.
    private static byte[] Continuation(uint block, uint length)
    {
        byte[] entry = new byte[28];
        "CE"u8.CopyTo(entry);
        entry[2] = (byte)entry.Length;
        entry[3] = 1;
        IsoField.Both32(entry.AsSpan(4), block);
        IsoField.Both32(entry.AsSpan(12), 0);
        IsoField.Both32(entry.AsSpan(20), length);
        return entry;
    }

    // PX (RRIP 4.1.1) in its form of 1991: mode, links, user 0, group 0.
    private static byte[] Attributes(uint mode, uint links)
    {
        byte[] entry = new byte[36];
        "PX"u8.CopyTo(entry);
        entry[2] = (byte)entry.Length;
        entry[3] = 1;
        IsoField.Both32(entry.AsSpan(4), mode);
        IsoField.Both32(entry.AsSpan(12), links);
        return entry;
    }

    // NM (RRIP 4.1.4): the whole name in one entry.
    private static byte[] AlternateName(string name) => [(byte)'N', (byte)'M', (byte)(5 + name.Length), 1, 0, .. Encoding.ASCII.GetBytes(name)];
}
