using System.Text;

namespace ImageFabric.Hypervisors.Seeds;

/// <summary>
/// How cloud-init tells the kinds of user data apart: by the first line. See "User data formats" of its documentation and <c>INCLUSION_TYPES_MAP</c> of
/// <c>cloudinit/handlers/__init__.py</c>.
/// </summary>
internal static class CloudInitHeader
{
    // "#cloud-config" begins -archive and -jsonp too, "#include" also -once. Beyond these: MIME, and gzip of any of them.
    private static readonly string[] Headers =
        ["#cloud-config", "#!", "#include", "#cloud-boothook", "#part-handler", "#upstart-job", "## template: jinja", "Content-Type:", "MIME-Version:", "From "];

    /// <summary>Why cloud-init would do nothing with user data, in a sentence that ends with what to do. Null: it would take it.</summary>
    public static string? WhyIgnored(ReadOnlySpan<byte> userData)
    {
        ReadOnlySpan<byte> gzip = [0x1f, 0x8b];
        if (userData.IsEmpty || userData.StartsWith(gzip))
            return null;
        if (userData.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]) || userData.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]))
            return "it is UTF-16 with a byte order mark. Save it as UTF-8 without one.";
        if (userData.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            return "it begins with a byte order mark. Save it as UTF-8 without one.";
        if (userData[0] is (byte)'\n' or (byte)'\r' or (byte)' ' or (byte)'\t')
            return "its first line is blank, and that line says what it is. Begin with #cloud-config or another header.";
        string start = Encoding.Latin1.GetString(userData[..Math.Min(userData.Length, 32)]);
        return Headers.Any(header => start.StartsWith(header, StringComparison.OrdinalIgnoreCase))
            ? null
            : "its first line is no header that cloud-init knows. Begin with #cloud-config, #! or another header.";
    }
}
