using System.Management.Automation;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.PowerShell;

namespace ImageFabric.Engine.Tests;

/// <summary>
/// Walks every cmdlet by reflection and holds it to PowerShell's guidelines. Only declarations are read: of PowerShell itself there is no more
/// here than what the module is compiled against.
/// </summary>
public sealed partial class CmdletArchitectureTests
{
    private static readonly Assembly Module = typeof(VmImage).Assembly;
    private static readonly string Documents = Path.Combine(Repository.Root, "docs", "en-US");

    private static readonly Type[] Cmdlets =
        [.. Module.GetExportedTypes().Where(type => Find(type, nameof(CmdletAttribute)) is not null).OrderBy(type => type.Name, StringComparer.Ordinal)];

    private static readonly Type[] Outputs = [.. Cmdlets.SelectMany(OutputTypes).Where(type => type != typeof(void)).Distinct()];

    // These change nothing but what they give out.
    private static readonly string[] ReadingVerbs = ["Get", "Test", "Compare", "Find", "Measure", "Resolve"];

    // An object in memory is no state.
    private static readonly string[] OnlyMakesAnObject = ["New-VmHost"];

    // PowerShell's own parameters of these names are plural, too, or the words are singular.
    private static readonly string[] NotPlural = ["Options", "PassThru", "Address"];

    public static TheoryData<string> Names => new(Cmdlets.Select(NameOf));

    [Fact]
    public void The_manifest_exports_every_cmdlet_by_name_and_nothing_else()
    {
        string manifest = File.ReadAllText(Path.Combine(Repository.Root, "ImageFabric.psd1"));
        string exported = Exported().Match(manifest).Groups[1].Value;

        Assert.Equal(Cmdlets.Select(NameOf).Order(), Quoted().Matches(exported).Select(match => match.Groups[1].Value).Order());
        Assert.DoesNotContain("'*'", manifest);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_name_is_an_approved_verb_and_a_singular_noun(string name)
    {
        (Type cmdlet, string verb, string noun) = Cmdlet(name);

        Assert.Contains(verb, ApprovedVerbs());
        Assert.Matches("^Vm[A-Z][A-Za-z]+$", noun);
        Assert.DoesNotMatch("[^s]s$", noun);
        Assert.Equal($"{verb}{noun}Command", cmdlet.Name);
        Assert.True(cmdlet.IsSealed, $"{cmdlet.Name} is not sealed.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_says_what_it_gives_out(string name) => Assert.NotEmpty(OutputTypes(Cmdlet(name).Type));

    [Theory]
    [MemberData(nameof(Names))]
    public void It_can_be_tried_with_WhatIf_exactly_when_it_changes_something(string name)
    {
        (Type cmdlet, string verb, _) = Cmdlet(name);
        bool changes = !ReadingVerbs.Contains(verb) && !OnlyMakesAnObject.Contains(name);

        Assert.Equal(changes, Named(Find(cmdlet, nameof(CmdletAttribute))!, "SupportsShouldProcess") is true);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_parameters_are_named_and_typed_as_PowerShell_does(string name)
    {
        foreach (PropertyInfo parameter in Parameters(Cmdlet(name).Type))
        {
            Assert.Matches("^[A-Z][A-Za-z]+$", parameter.Name);
            if (!NotPlural.Contains(parameter.Name) && !parameter.Name.EndsWith("Seconds", StringComparison.Ordinal))
                Assert.DoesNotMatch("[^s]s$", parameter.Name);
            Assert.True(parameter.PropertyType != typeof(bool), $"-{parameter.Name} is no SwitchParameter.");
            Assert.True(parameter.PropertyType != typeof(string) || !IsSize(parameter.Name), $"-{parameter.Name} is no number.");
        }

        int[] positions = [.. Parameters(Cmdlet(name).Type).SelectMany(p => All(p, nameof(ParameterAttribute))).Select(a => Named(a, "Position")).OfType<int>()];
        Assert.All(positions, position => Assert.InRange(position, 0, 2));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_parameter_that_an_output_has_a_property_for_takes_it_from_the_pipeline(string name)
    {
        foreach (PropertyInfo parameter in Parameters(Cmdlet(name).Type).Where(p => p.PropertyType != typeof(SwitchParameter) && !IsChoice(p)))
        {
            PropertyInfo[] twins = [.. Outputs.SelectMany(output => output.GetProperties()).Where(p => p.Name == parameter.Name)];
            if (twins.Length == 0)
                continue;
            Assert.True(
                All(parameter, nameof(ParameterAttribute)).Any(a => Named(a, "ValueFromPipelineByPropertyName") is true),
                $"{twins[0].DeclaringType!.Name} has {parameter.Name}, which {name} -{parameter.Name} does not take from the pipeline by property name.");
            Assert.All(twins, twin => Assert.True(
                Plain(parameter.PropertyType).IsAssignableFrom(Plain(twin.PropertyType)),
                $"{name} -{parameter.Name} is of another type than {twin.DeclaringType!.Name}.{twin.Name}."));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_it_must_be_told_is_called_as_in_what_others_give_out(string name)
    {
        string[] known = [.. Outputs.SelectMany(output => output.GetProperties()).Select(p => p.Name)];
        foreach (PropertyInfo parameter in Parameters(Cmdlet(name).Type).Where(p => All(p, nameof(ParameterAttribute)).Any(a => Named(a, "Mandatory") is true)))
        {
            // Two of a kind have a prefix each: ReferenceImage, DifferenceImage, DestinationStore.
            bool isKnown = parameter.PropertyType.Assembly == Module || known.Any(word => parameter.Name.EndsWith(word, StringComparison.Ordinal))
                || Find(parameter, nameof(AliasAttribute)) is { } alias && Texts(alias).Contains("PSPath") || !IsText(parameter.PropertyType);
            Assert.True(isKnown, $"{name} -{parameter.Name} is a property of nothing that the module gives out.");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_values_that_could_be_known_are_completed(string name)
    {
        (Type cmdlet, string verb, _) = Cmdlet(name);
        foreach (PropertyInfo parameter in Parameters(cmdlet).Where(p => IsText(p.PropertyType) && CouldBeKnown(verb, p.Name)))
            Assert.True(IsCompleted(parameter), $"{name} -{parameter.Name} has neither an ArgumentCompleter nor a ValidateSet.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_page_has_two_examples_or_more_and_every_parameter(string name)
    {
        string file = Path.Combine(Documents, name + ".md");
        Assert.True(File.Exists(file), $"There is no page docs/en-US/{name}.md.");
        string page = File.ReadAllText(file);

        Assert.True(Example().Count(page) >= 2, $"docs/en-US/{name}.md has fewer than two examples.");
        Assert.All(Parameters(Cmdlet(name).Type), parameter => Assert.Contains($"### -{parameter.Name}\n", page.Replace("\r", "")));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_has_tests_of_its_own(string name) =>
        Assert.True(File.Exists(Path.Combine(Repository.Root, "tests", "ImageFabric.PowerShell.Tests", name + ".Tests.ps1")), $"There is no {name}.Tests.ps1.");

    [Fact]
    public void Every_output_is_shown_in_a_view_of_its_own_within_120_columns()
    {
        XDocument views = XDocument.Load(Path.Combine(Repository.Root, "src", "ImageFabric.PowerShell", "module", "ImageFabric.Format.ps1xml"));
        ILookup<string, XElement> byType = views.Descendants("View").SelectMany(view => view.Descendants("TypeName").Select(type => (type.Value, view))).ToLookup(v => v.Value, v => v.view);

        foreach (Type output in Outputs)
        {
            Assert.True(byType[output.FullName!].Any(), $"There is no view for {output.Name}.");
            foreach (XElement table in byType[output.FullName!].Descendants("TableControl"))
            {
                XElement[] columns = [.. table.Descendants("TableColumnHeader")];
                int width = columns.Sum(column => (int?)column.Element("Width") ?? 8) + columns.Length - 1;
                Assert.True(width <= 120, $"The view of {output.Name} takes {width} columns.");
            }
        }
    }

    [Fact]
    public void Outputs_are_facts_that_survive_serialization()
    {
        foreach (Type output in Outputs)
        {
            Assert.All(output.GetProperties(), property => Assert.False(property.SetMethod?.IsPublic == true, $"{output.Name}.{property.Name} can be changed."));
            Assert.All(output.GetProperties(), property => Assert.True(IsFact(property.PropertyType), $"{output.Name}.{property.Name} is a {property.PropertyType}."));
            Assert.All(output.GetProperties().Where(p => IsSize(p.Name)), size => Assert.Contains(Plain(size.PropertyType), new[] { typeof(long), typeof(int) }));
            Assert.Empty(output.GetConstructors());
        }
    }

    private static bool IsFact(Type type)
    {
        type = Plain(type);
        return type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(DateTime) || type == typeof(TimeSpan) || type == typeof(Guid)
            || type == typeof(System.Collections.IDictionary) || type == typeof(IReadOnlyDictionary<string, string>) || type.Assembly == Module
            || type == typeof(System.Management.Automation.Runspaces.PSSession);
    }

    private static bool CouldBeKnown(string verb, string parameter) =>
        StoreImageHostOrFormat().IsMatch(parameter) || parameter is "Profile" or "Network" or "Firmware" || (parameter == "Name" && verb is not ("New" or "Register"));

    private static bool IsCompleted(PropertyInfo parameter) => IsChoice(parameter) || Find(parameter, nameof(ArgumentCompleterAttribute)) is not null;

    private static bool IsChoice(PropertyInfo parameter) => Find(parameter, nameof(ValidateSetAttribute)) is not null;

    private static bool IsSize(string name) => name.EndsWith("Size", StringComparison.Ordinal) || name.StartsWith("Bytes", StringComparison.Ordinal);

    private static bool IsText(Type type) => type == typeof(string) || type == typeof(string[]);

    private static Type Plain(Type type)
    {
        Type single = type.IsArray ? type.GetElementType()! : type;
        return Nullable.GetUnderlyingType(single) ?? single;
    }

    private static IEnumerable<string> ApprovedVerbs() =>
        typeof(VerbsCommon).Assembly.GetExportedTypes().Where(type => type.Name.StartsWith("Verbs", StringComparison.Ordinal))
            .SelectMany(type => type.GetFields().Where(field => field.IsLiteral)).Select(field => (string)field.GetRawConstantValue()!);

    private static (Type Type, string Verb, string Noun) Cmdlet(string name)
    {
        Type type = Cmdlets.Single(cmdlet => NameOf(cmdlet) == name);
        string[] words = Texts(Find(type, nameof(CmdletAttribute))!);
        return (type, words[0], words[1]);
    }

    private static string NameOf(Type cmdlet) => string.Join('-', Texts(Find(cmdlet, nameof(CmdletAttribute))!));

    private static IEnumerable<PropertyInfo> Parameters(Type cmdlet) => cmdlet.GetProperties().Where(property => All(property, nameof(ParameterAttribute)).Any());

    private static IEnumerable<Type> OutputTypes(Type cmdlet) =>
        All(cmdlet, nameof(OutputTypeAttribute)).SelectMany(attribute => attribute.ConstructorArguments).SelectMany(Flat).OfType<Type>();

    private static IEnumerable<object?> Flat(CustomAttributeTypedArgument argument) =>
        argument.Value is IEnumerable<CustomAttributeTypedArgument> many ? many.SelectMany(Flat) : [argument.Value];

    private static string[] Texts(CustomAttributeData attribute) => [.. attribute.ConstructorArguments.SelectMany(Flat).OfType<string>()];

    private static IEnumerable<CustomAttributeData> All(MemberInfo member, string attribute) => member.GetCustomAttributesData().Where(data => data.AttributeType.Name == attribute);

    private static CustomAttributeData? Find(MemberInfo member, string attribute) => All(member, attribute).FirstOrDefault();

    private static object? Named(CustomAttributeData attribute, string property) =>
        attribute.NamedArguments.FirstOrDefault(argument => argument.MemberName == property).TypedValue.Value;

    [GeneratedRegex(@"CmdletsToExport\s*=\s*@\((.*?)\)", RegexOptions.Singleline)]
    private static partial Regex Exported();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();

    [GeneratedRegex("^### Example ", RegexOptions.Multiline)]
    private static partial Regex Example();

    [GeneratedRegex("^HostName$|(Store|Image|Format)$")]
    private static partial Regex StoreImageHostOrFormat();
}
