using System.Text;

namespace ImageFabric.Store.Objects;

/// <summary>The form of a key that every back end can hold: relative segments between single slashes.</summary>
internal static class ObjectKey
{
    /// <summary>The longest key in UTF-8 bytes; S3 takes 1024 with the prefix.</summary>
    private const int MaximumBytes = 900;

    /// <summary>The longest segment in UTF-8 bytes; file systems take 255.</summary>
    private const int MaximumSegmentBytes = 255;

    /// <summary>Refuses a key that could mean a place outside the store, or that one back end cannot hold.</summary>
    /// <exception cref="ArgumentException">The key is not of that form: a defect of the caller, whose keys are made of checked names and digests.</exception>
    public static string Check(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return WhyNot(key) is { } reason ? throw new ArgumentException(reason, nameof(key)) : key;
    }

    /// <summary>True for a key of that form. What a service or a directory lists besides is nobody's object.</summary>
    public static bool IsKey(string key) => key.Length > 0 && WhyNot(key) is null;

    private static string? WhyNot(string key)
    {
        if (Encoding.UTF8.GetByteCount(key) > MaximumBytes)
            return $"An object key may have {MaximumBytes} bytes.";
        foreach (char character in key)
        {
            if (char.IsControl(character) || character == '\\')
                return $"The object key '{key}' has a control character or a backslash.";
        }

        foreach (Range part in key.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> segment = key.AsSpan()[part];
            if (segment is "" or "." or "..")
                return $"The object key '{key}' has an empty or relative segment.";
            if (Encoding.UTF8.GetByteCount(segment) > MaximumSegmentBytes)
                return $"The object key '{key}' has a segment of more than {MaximumSegmentBytes} bytes.";
        }

        return null;
    }

    /// <summary>Refuses a listing prefix whose whole segments no key could have.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Check"/>.</exception>
    public static string CheckPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        int lastSlash = prefix.LastIndexOf('/');
        if (lastSlash >= 0)
            Check(prefix[..lastSlash]);
        return prefix;
    }
}
