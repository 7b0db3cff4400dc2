namespace ImageFabric.Disks.Ova;

/// <summary>
/// What an href of an OVF descriptor means: a URI reference, resolved against the descriptor's place in the package (DMTF DSP0243, "References element";
/// RFC 3986, sections 5.2.4 and 6.2.2). Programs that encode no name, or one twice, are understood, too.
/// </summary>
internal static class OvfReference
{
    /// <summary>The member that it means; null when that is not in the archive, or would be outside of it.</summary>
    /// <param name="members">The members of the archive.</param>
    /// <param name="descriptor">Name of the descriptor's member.</param>
    /// <param name="href">The reference, as the descriptor has it.</param>
    public static TarMember? Find(IReadOnlyList<TarMember> members, string descriptor, string href)
    {
        if (href.Length == 0 || href[0] is '/' or '\\' || HasScheme(href))
            return null;
        string folder = descriptor[..(descriptor.LastIndexOf('/') + 1)];
        foreach (string text in new[] { href, Uri.UnescapeDataString(href) })
        {
            if (Resolve(folder + text) is { } name && members.FirstOrDefault(member => member.Name == name) is { } found)
                return found;
        }

        return null;
    }

    // A name may hold a colon behind its first part.
    private static bool HasScheme(string href)
    {
        int colon = href.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && href.AsSpan(0, colon).IndexOfAny('/', '?', '#') < 0 && char.IsAsciiLetter(href[0]) && href.AsSpan(colon + 1).StartsWith("/");
    }

    private static string? Resolve(string path)
    {
        var parts = new List<string>();
        foreach (string part in path.Split('/'))
        {
            if (part == "..")
            {
                if (parts.Count == 0)
                    return null;
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("." or ""))
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }
}
