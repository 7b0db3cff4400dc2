namespace ImageFabric.Engine.CommandLine;

/// <summary>Reads options of the form <c>Name=Value</c>.</summary>
internal static class KeyValue
{
    /// <summary>The pairs; of one name given twice the last value counts.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public static Dictionary<string, string> Parse(IEnumerable<string> texts, string option)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
                throw new OperationException("InvalidRequest", text, $"{option} takes Name=Value, not '{text}'.");
            pairs[text[..equals]] = text[(equals + 1)..];
        }

        return pairs;
    }
}
