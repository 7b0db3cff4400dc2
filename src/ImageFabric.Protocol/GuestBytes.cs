using System;
using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>Files for a guest as messages carry them: in base 64, since a guest's files are bytes in any encoding, or packed.</summary>
internal static class GuestBytes
{
    public static string? ToText(byte[]? content) => content is null ? null : Convert.ToBase64String(content);

    /// <exception cref="SerializationException">The text is not base 64.</exception>
    public static byte[]? FromText(string? text, string member)
    {
        try
        {
            return text is null ? null : Convert.FromBase64String(text);
        }
        catch (FormatException malformed)
        {
            throw new SerializationException($"The member '{member}' is not base 64.", malformed);
        }
    }
}
