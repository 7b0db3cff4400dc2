using System.Text;
using System.Text.RegularExpressions;

namespace ImageFabric.Protocol.Tests;

public sealed partial class ErrorCatalogTests
{
    private static readonly string Root = RepositoryRoot();

    [Fact]
    public void Ids_are_unique_and_well_formed()
    {
        Assert.Equal(ErrorCatalog.All.Count, ErrorCatalog.All.Select(e => e.Id).Distinct().Count());
        Assert.All(ErrorCatalog.All, e =>
        {
            Assert.Matches("^[A-Z][A-Za-z0-9]+$", e.Id);
            Assert.EndsWith(".", e.Meaning, StringComparison.Ordinal);
            Assert.EndsWith(".", e.RecommendedAction, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void An_id_nobody_knows_is_described_as_a_defect() => Assert.Equal("InternalError", ErrorCatalog.Describe("NoSuchId").Id);

    /// <summary>An id that is thrown but not in the table would reach the user as InternalError.</summary>
    [Fact]
    public void Every_id_the_source_throws_is_in_the_table_and_every_id_in_the_table_is_thrown()
    {
        var thrown = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories))
        {
            if (file.EndsWith("ErrorCatalog.cs", StringComparison.Ordinal) || file.Contains("/obj/", StringComparison.Ordinal))
                continue;
            foreach (Match match in QuotedId().Matches(File.ReadAllText(file)))
                thrown.Add(match.Groups[1].Value);
        }

        thrown.UnionWith(ThrownByScripts());
        string[] table = [.. ErrorCatalog.All.Select(e => e.Id).Order(StringComparer.Ordinal)];
        Assert.Empty(table.Except(thrown));
        Assert.Empty(Thrown().Except(table));
    }

    [Fact]
    public void The_documentation_holds_the_table()
    {
        string path = Path.Combine(Root, "docs", "errors.md");
        string expected = Document();
        if (Environment.GetEnvironmentVariable("IMAGEFABRIC_UPDATE_DOCS") == "1")
            File.WriteAllText(path, expected);
        Assert.Equal(expected, File.ReadAllText(path));
    }

    private static string Document()
    {
        var text = new StringBuilder();
        text.Append("# Errors\n\n");
        text.Append("Every error has a stable id: the `FullyQualifiedErrorId` in PowerShell begins with it, and `id` holds it in JSON lines.\n");
        text.Append("This page is made from the one table in `src/ImageFabric.Protocol/ErrorCatalog.cs`; a test keeps both the same.\n\n");
        text.Append("| id | category | meaning | what to do |\n| --- | --- | --- | --- |\n");
        foreach (ErrorDescription e in ErrorCatalog.All)
            text.Append($"| `{e.Id}` | {e.Category} | {e.Meaning} | {e.RecommendedAction} |\n");
        return text.ToString();
    }

    private static SortedSet<string> Thrown()
    {
        var ids = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories))
        {
            foreach (Match match in ThrownId().Matches(File.ReadAllText(file)))
                ids.Add(match.Groups[1].Value);
        }

        ids.UnionWith(ThrownByScripts());
        return ids;
    }

    private static IEnumerable<string> ThrownByScripts() =>
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.ps1", SearchOption.AllDirectories)
            .SelectMany(file => ScriptId().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value);

    private static string RepositoryRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "ImageFabric.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    [GeneratedRegex("\"([A-Z][A-Za-z0-9]+)\"")]
    private static partial Regex QuotedId();

    [GeneratedRegex("""\b(?:Disk|Store|Hypervisor|Fleet|Operation)Exception\(\s*"([A-Za-z0-9]+)""")]
    private static partial Regex ThrownId();

    [GeneratedRegex(@"\bGet-ResourceError '([A-Za-z0-9]+)'")]
    private static partial Regex ScriptId();
}
