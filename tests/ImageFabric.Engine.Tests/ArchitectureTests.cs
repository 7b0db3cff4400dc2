using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ImageFabric.Engine.CommandLine;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests;

/// <summary>Keeps the projects to the arrows of <c>docs/design/architecture.md</c>.</summary>
public sealed partial class ArchitectureTests
{
    private const string Prefix = "ImageFabric.";
    private static readonly string Source = Path.Combine(Repository.Root, "src");
    private static readonly IReadOnlyDictionary<string, Arrow> Arrows = ReadArrows();

    private static readonly string[] Names = [.. Directory.GetDirectories(Source).Select(directory => Path.GetFileName(directory)[Prefix.Length..])];

    public static TheoryData<string> Projects => new(Names);

    [Fact]
    public void The_page_lists_the_projects_that_there_are() => Assert.Equal(Names.Order(), Arrows.Keys.Order());

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_the_page_allows(string name)
    {
        XDocument project = Project(name);
        Arrow arrow = Arrows[name];

        Assert.Equal(arrow.Framework, project.Descendants("TargetFramework").Single().Value);
        Assert.Equal(arrow.IsProgram, project.Descendants("OutputType").Any(type => type.Value == "Exe"));
        Assert.Empty(Included(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)[Prefix.Length..]).Except(arrow.Targets));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Only_what_is_compiled_against_comes_from_packages_where_PowerShell_loads_it(string name)
    {
        XDocument project = Project(name);
        if (Arrows[name].Framework != "netstandard2.0")
            return;

        foreach (XElement package in project.Descendants("PackageReference"))
        {
            Assert.Contains((string)package.Attribute("Include")!, Arrows[name].Targets);
            Assert.Equal("all", (string?)package.Attribute("PrivateAssets"));
        }
    }

    [Fact]
    public void What_PowerShell_loads_is_built_on_netstandard_alone()
    {
        Assert.Equal(["netstandard"], References(typeof(EngineEvent).Assembly));
        Assert.Equal(["ImageFabric.Protocol", "netstandard"], References(typeof(FleetException).Assembly));
    }

    [Fact]
    public void The_program_offers_no_types_to_others() => Assert.Empty(typeof(EngineCommandLine).Assembly.GetExportedTypes());

    private static IEnumerable<string> References(Assembly assembly) => assembly.GetReferencedAssemblies().Select(reference => reference.Name!).Order();

    private static XDocument Project(string name) => XDocument.Load(Path.Combine(Source, Prefix + name, $"{Prefix}{name}.csproj"));

    private static IEnumerable<string> Included(XDocument project, string kind) => project.Descendants(kind).Select(item => (string)item.Attribute("Include")!);

    private static Dictionary<string, Arrow> ReadArrows()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "design", "architecture.md"));
        MatchCollection lines = ArrowLine().Matches(page);
        string[] names = [.. lines.Select(line => line.Groups["name"].Value)];
        return lines.ToDictionary(
            line => line.Groups["name"].Value,
            line => new Arrow(line.Groups["framework"].Value, line.Groups["program"].Success, Targets(line.Groups["targets"].Value, names)));
    }

    private static string[] Targets(string text, string[] names) => text switch
    {
        "nothing" => [],
        "all but PowerShell" => [.. names.Where(name => name != "PowerShell")],
        _ => [.. text.Split(", ").Select(target => target.Split(' ')[0])],
    };

    [GeneratedRegex(@"^ImageFabric\.(?<name>\w+) +(?<framework>net\S+) (?<program>program)? *→ (?<targets>.+?)\r?$", RegexOptions.Multiline)]
    private static partial Regex ArrowLine();

    private sealed record Arrow(string Framework, bool IsProgram, string[] Targets);
}
