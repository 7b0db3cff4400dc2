using System;
using System.Linq;

namespace ImageFabric.PowerShell;

/// <summary>What names of registered stores are like: they can never be taken for a directory or an address.</summary>
internal static class StoreName
{
    /// <summary>The pattern for <c>ValidatePattern</c>.</summary>
    public const string Pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";

    /// <summary>Names differ by more than case.</summary>
    public static readonly StringComparer Comparer = StringComparer.OrdinalIgnoreCase;

    /// <summary>True for <c>s3://…</c> and other addresses.</summary>
    public static bool IsAddress(string text) => text.Contains("://");

    /// <summary>True when the text is meant as a path: it has a separator or begins with <c>.</c> or <c>~</c>.</summary>
    public static bool IsPath(string text) => text.IndexOfAny(['/', '\\']) >= 0 || text[0] is '.' or '~';
}
