using System.Text.RegularExpressions;
using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests;

/// <summary>Keeps the table of promises in <c>docs/security.md</c> to the tests that it names.</summary>
public sealed partial class PromisesTests
{
    [Fact]
    public void Every_promise_names_tests_that_exist()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "security.md"));
        string[] rows = [.. page[page.IndexOf("## Promises and their tests", StringComparison.Ordinal)..].Split('\n').Where(static line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2)];
        Assert.NotEmpty(rows);
        string sources = string.Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(static file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
        HashSet<string> methods = [.. Method().Matches(sources).Select(static match => match.Groups[1].Value)];
        foreach (string row in rows)
        {
            string[] named = [.. Named().Matches(row.Split('|')[^2]).Select(static match => match.Groups[1].Value)];
            Assert.True(named.Length > 0, $"No test: {row}");
            Assert.All(named, name => Assert.Contains(name.Split('.')[^1], methods));
        }
    }

    [GeneratedRegex(@"public (?:async Task|Task|void) (\w+)\(")]
    private static partial Regex Method();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Named();
}
