namespace ImageFabric.Hypervisors;

/// <summary>What Windows does not take as the name of a file or directory, of names that have letters, digits, <c>.</c>, <c>_</c> and <c>-</c> only.</summary>
public static class WindowsName
{
    /// <summary>False for the name of a device, whatever follows a dot, and for a name that ends with a dot.</summary>
    public static bool IsAllowed(string name)
    {
        string stem = name.Split('.')[0].ToUpperInvariant();
        bool isDevice = stem is "CON" or "PRN" or "AUX" or "NUL" || (stem.Length == 4 && stem[..3] is "COM" or "LPT" && char.IsAsciiDigit(stem[3]));
        return !isDevice && !name.EndsWith('.');
    }
}
