using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace ImageFabric.PowerShell;

/// <summary>Names with PowerShell's wildcards.</summary>
internal static class NamePattern
{
    public static bool HasWildcards(string name) => WildcardPattern.ContainsWildcardCharacters(name);

    /// <summary>The items whose name the pattern matches, whatever the case.</summary>
    public static T[] Select<T>(string pattern, IEnumerable<T> items, Func<T, string> nameOf)
    {
        var wildcard = new WildcardPattern(pattern, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
        return [.. items.Where(item => wildcard.IsMatch(nameOf(item)))];
    }
}
