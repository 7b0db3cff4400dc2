using System.IO.Enumeration;

namespace ImageFabric.Hypervisors.Machines;

/// <summary>The rule for names of machines, which are names of domains and of directories.</summary>
internal static class MachineName
{
    private const int LongestName = 63;
    private const int LongestHostName = 253;

    /// <summary>Refuses what is not 1 to 63 letters, digits, <c>.</c>, <c>_</c>, <c>-</c> and does not begin with a letter or digit.</summary>
    /// <exception cref="HypervisorException"><c>InvalidRequest</c>.</exception>
    public static void Check(string? name)
    {
        if (!IsValid(name))
        {
            throw new HypervisorException("InvalidRequest", name ?? "",
                $"'{name}' is not a machine's name: 1 to {LongestName} letters, digits, '.', '_', '-', the first a letter or digit.");
        }

        if (OperatingSystem.IsWindows() && !WindowsName.IsAllowed(name!))
            throw new HypervisorException("InvalidRequest", name!, $"'{name}' cannot be a machine's name on a Windows host, where no directory can have that name.");
    }

    /// <summary>The same for the guest's own name, which may be longer.</summary>
    /// <exception cref="HypervisorException"><c>InvalidRequest</c>.</exception>
    public static void CheckHostName(string name)
    {
        if (!IsName(name, LongestHostName))
        {
            throw new HypervisorException("InvalidRequest", name,
                $"'{name}' is not a host name: 1 to {LongestHostName} letters, digits, '.', '_', '-', the first a letter or digit.");
        }
    }

    /// <summary>Whether a name fits a pattern with <c>*</c> and <c>?</c>; null fits all.</summary>
    public static bool Matches(string name, string? pattern, bool ignoreCase = false) =>
        pattern is null || FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase);

    /// <summary>Whether <see cref="Check"/> takes the name.</summary>
    public static bool IsValid(string? name) => IsName(name, LongestName);

    private static bool IsName(string? name, int longest) =>
        !string.IsNullOrEmpty(name) && name.Length <= longest && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
