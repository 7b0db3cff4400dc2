using System.Reflection;
using System.Runtime.Serialization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

/// <summary>Keeps <c>docs/design/engine-protocol.md</c> to the contract: its tables are made from the classes of Protocol.</summary>
public sealed partial class EngineProtocolPageTests
{
    private const string Begin = "<!-- made from the classes: begin -->\n";
    private const string End = "<!-- made from the classes: end -->";

    private static readonly XDocument Documentation = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "ImageFabric.Protocol.xml"));
    private static readonly NullabilityInfoContext Nullability = new();

    // In the order of the page; what is not named here comes behind, by name.
    private static readonly Type[] Order = [typeof(EngineRequest), typeof(StoreRequest), typeof(HostRequest), typeof(EngineEvent)];

    [Fact]
    public void The_page_holds_the_tables_of_all_messages()
    {
        string page = File.ReadAllText(EngineProtocolPage.Path);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = page.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end >= begin, "The page has lost its marks.");
        string tables = Tables();
        if (Environment.GetEnvironmentVariable("IMAGEFABRIC_UPDATE_DOCS") == "1")
            File.WriteAllText(EngineProtocolPage.Path, page[..begin] + tables + page[end..]);
        else
            Assert.Equal(tables, page[begin..end]);
    }

    [Fact]
    public void The_script_on_the_page_is_the_one_that_runs() =>
        Assert.Contains($"```\n{string.Join('\n', HostBootstrap.Script)}\n```\n", File.ReadAllText(EngineProtocolPage.Path));

    [Fact]
    public void The_page_has_the_script_for_Windows_hosts() =>
        Assert.Contains($"```\n{string.Join('\n', WindowsBootstrap.Script)}\n```\n", File.ReadAllText(EngineProtocolPage.Path));

    private static string Tables()
    {
        var text = new StringBuilder();
        Type[] messages = [.. EngineProtocolPage.Messages()];
        text.Append("### Operations\n\n| operation | does |\n| --- | --- |\n");
        foreach (FieldInfo operation in typeof(Operations).GetFields())
            text.Append($"| `{operation.GetValue(null)}` | {Summary($"F:{typeof(Operations).FullName}.{operation.Name}")} |\n");
        text.Append('\n');
        Append(text, "Requests", messages.Where(t => typeof(EngineRequest).IsAssignableFrom(t)));
        Append(text, "Events and results", messages.Where(t => typeof(EngineEvent).IsAssignableFrom(t)));
        Append(text, "Parts of messages", messages.Where(t => !typeof(EngineRequest).IsAssignableFrom(t) && !typeof(EngineEvent).IsAssignableFrom(t)));
        return text.ToString();
    }

    private static void Append(StringBuilder text, string heading, IEnumerable<Type> types)
    {
        text.Append($"### {heading}\n\n");
        foreach (Type type in types.OrderBy(t => Array.IndexOf(Order, t) is var i and >= 0 ? i : Order.Length).ThenBy(t => t.Name, StringComparer.Ordinal))
        {
            PropertyInfo[] properties =
            [
                .. type.GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                    .Where(static p => p.GetCustomAttribute<IgnoreDataMemberAttribute>() is null),
            ];
            text.Append($"**{type.Name}**{Kind(type)}: {Summary("T:" + type.FullName)}\n\n");
            if (properties.Length == 0)
                continue;
            text.Append("| member | type | says |\n| --- | --- | --- |\n");
            foreach (PropertyInfo property in properties)
            {
                DataMemberAttribute member = property.GetCustomAttribute<DataMemberAttribute>()!;
                text.Append($"| `{member.Name}` | {Name(property)} | {Summary($"P:{type.FullName}.{property.Name}")} |\n");
            }

            text.Append('\n');
        }
    }

    private static string Kind(Type type)
    {
        if (type == typeof(EngineRequest) || type == typeof(EngineEvent) || type.IsAbstract)
            return type.BaseType == typeof(object) ? "" : $" (has the members of {type.BaseType!.Name})";
        if (type.IsSubclassOf(typeof(EngineRequest)))
            return $" (`\"operation\":\"{((EngineRequest)Activator.CreateInstance(type)!).Operation}\"`, has the members of {type.BaseType!.Name})";
        return type.IsSubclassOf(typeof(EngineEvent)) ? $" (`\"type\":\"{((EngineEvent)Activator.CreateInstance(type)!).Type}\"`)" : "";
    }

    private static string Name(PropertyInfo property)
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        string name = type switch
        {
            _ when type == typeof(string) => "string",
            _ when type == typeof(int) => "integer, 32 bits",
            _ when type == typeof(long) => "integer, 64 bits",
            _ when type == typeof(double) => "number",
            _ when type == typeof(bool) => "boolean",
            _ when type == typeof(string[]) => "array of strings",
            _ when type == typeof(Dictionary<string, string>) => "object of strings",
            { IsArray: true } => "array of " + type.GetElementType()!.Name,
            _ => type.Name,
        };
        return Nullability.Create(property).WriteState == NullabilityState.Nullable ? name + ", optional" : name;
    }

    private static string Summary(string id)
    {
        XElement summary = Documentation.Descendants("member").Single(m => m.Attribute("name")!.Value == id).Element("summary")!;
        string text = string.Concat(summary.Nodes().Select(n => n switch
        {
            XElement { Name.LocalName: "see" } see => Reference(see.Attribute("cref")!.Value),
            XElement element => $"`{element.Value}`",
            _ => n.ToString(),
        }));
        return Blanks().Replace(text, " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    // A constant as its value, a member as its name on the wire, a class as itself.
    private static string Reference(string cref)
    {
        string path = cref[2..];
        if (cref[0] == 'T')
            return path[(path.LastIndexOf('.') + 1)..];
        Type type = typeof(EngineRequest).Assembly.GetType(path[..path.LastIndexOf('.')])!;
        string name = path[(path.LastIndexOf('.') + 1)..];
        return cref[0] == 'F'
            ? $"`{type.GetField(name)!.GetValue(null)}`"
            : $"`{type.GetProperty(name)!.GetCustomAttribute<DataMemberAttribute>()?.Name ?? char.ToLowerInvariant(name[0]) + name[1..]}`";
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
