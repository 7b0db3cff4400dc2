using System;
using System.Globalization;

namespace ImageFabric.PowerShell;

/// <summary>Points in time as the protocol writes them: UTC, ISO 8601.</summary>
internal static class WireTime
{
    /// <summary>The time as local time, as PowerShell's other objects have it. Null when the text is no time.</summary>
    public static DateTime? Read(string text) =>
        DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTime time) ? time : null;
}
