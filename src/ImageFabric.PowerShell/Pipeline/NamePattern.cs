using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>Names with PowerShell's wildcards.</summary>
internal static class NamePattern
{
    public static bool HasWildcards(string name) => WildcardPattern.ContainsWildcardCharacters(name);

    /// <summary>The pattern of a name; case does not matter.</summary>
    /// <exception cref="FleetException"><c>InvalidRequest</c>: the text is no pattern.</exception>
    public static WildcardPattern Parse(string pattern)
    {
        try
        {
            // It is parsed when it is first compared.
            var wildcard = new WildcardPattern(pattern, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
            wildcard.IsMatch("");
            return wildcard;
        }
        catch (WildcardPatternException e)
        {
            throw new FleetException("InvalidRequest", pattern, $"'{pattern}' is no pattern of a name: a bracket is not closed.", e);
        }
    }

    /// <summary>The items whose name the pattern matches, whatever the case.</summary>
    /// <exception cref="FleetException"><c>InvalidRequest</c>: the text is no pattern.</exception>
    public static T[] Select<T>(string pattern, IEnumerable<T> items, Func<T, string> nameOf)
    {
        WildcardPattern wildcard = Parse(pattern);
        return [.. items.Where(item => wildcard.IsMatch(nameOf(item)))];
    }
}
