using System;
using System.Globalization;

namespace ImageFabric.PowerShell;

/// <summary>Sizes as a person reads them, in the units of PowerShell's own literals: 1 KB is 1024 bytes.</summary>
public static class ByteSize
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>At most three digits before the unit, one place after the point where the number is small: <c>512 B</c>, <c>1.5 GB</c>, <c>20 GB</c>.</summary>
    /// <param name="bytes">A size in bytes; negative sizes keep their sign.</param>
    public static string Format(long bytes)
    {
        double size = Math.Abs((double)bytes);
        int unit = 0;
        while (size >= 999.5 && unit < Units.Length - 1)
        {
            size /= 1024;
            unit++;
        }

        string number = size.ToString(size < 9.95 && unit > 0 ? "0.#" : "0", CultureInfo.CurrentCulture);
        return $"{(bytes < 0 ? "-" : "")}{number} {Units[unit]}";
    }
}
