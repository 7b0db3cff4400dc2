namespace ImageFabric.Hypervisors.Tools;

/// <summary>What a tool left behind.</summary>
/// <param name="ExitCode">Exit status; 128 and a signal's number when a signal ended it.</param>
/// <param name="Output">All of its standard output.</param>
/// <param name="Error">All of its standard error.</param>
internal sealed record ToolOutput(int ExitCode, string Output, string Error)
{
    /// <summary>The tool's own words about its failure, in one line, without the prefix it puts before each.</summary>
    /// <param name="prefix">For example <c>error: </c>.</param>
    public string Complaint(string prefix)
    {
        IEnumerable<string> lines = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..].Trim() : line);
        string words = string.Join(": ", lines.Where(line => line.Length > 0));
        return words.Length > 0 ? words : $"it ended with status {ExitCode} and said nothing";
    }
}
