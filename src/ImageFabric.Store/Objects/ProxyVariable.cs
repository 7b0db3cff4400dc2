namespace ImageFabric.Store.Objects;

/// <summary>The environment variables that name a proxy; the runtime reads them.</summary>
internal static class ProxyVariable
{
    private static readonly string[] Names = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

    /// <summary>The variable whose proxy a network error names as <c>(host:port)</c>. Null: it is no proxy's.</summary>
    public static string? NamedIn(string message)
    {
        foreach (string name in Names)
        {
            string? value = Environment.GetEnvironmentVariable(name);
            if (string.IsNullOrWhiteSpace(value))
                continue;
            string address = value.Contains("://", StringComparison.Ordinal) ? value : "http://" + value;
            if (Uri.TryCreate(address, UriKind.Absolute, out Uri? proxy) && message.Contains($"({proxy.Host}:{proxy.Port})", StringComparison.OrdinalIgnoreCase))
                return name;
        }

        return null;
    }
}
