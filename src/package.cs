#:property PublishAot=false
#:property GenerateDocumentationFile=false
// Makes the modules as they ship, out/module/ImageFabric and the DSC resources in out/module/ImageFabric.Dsc, and the packages of them that a
// PowerShell gallery takes, out/NAME.VERSION.nupkg.
// dotnet run src/package.cs ROOT, after the engines and the module were built; build.sh and build.ps1 do so.

using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

string root = Path.GetFullPath(args.Length == 1 ? args[0] : throw new ArgumentException("usage: package.cs ROOT"));
string output = Path.Combine(root, "out");
string modules = Path.Combine(output, "module");
string module = Path.Combine(modules, "ImageFabric");
string version = XDocument.Load(Path.Combine(root, "Directory.Build.props")).Descendants("VersionPrefix").Single().Value;

if (Directory.Exists(modules))
    Directory.Delete(modules, recursive: true);
CopyModule();
CopyEngines();
WriteLicenses();
foreach (string resource in Directory.EnumerateFiles(Path.Combine(root, "src/ImageFabric.PowerShell/dsc")))
    Copy(resource, "../ImageFabric.Dsc");
foreach (string manifest in (string[])[Path.Combine(module, "ImageFabric.psd1"), .. Directory.EnumerateFiles(module + ".Dsc", "*.psd1"), .. Directory.EnumerateFiles(module + ".Dsc", "*.json")])
    SetVersion(manifest);
List(module, Pack("ImageFabric"));
List(module + ".Dsc", Pack("ImageFabric.Dsc"));

void CopyModule()
{
    foreach (string assembly in (string[])["PowerShell", "Fleet", "Protocol"])
        Copy($"src/ImageFabric.PowerShell/bin/Release/netstandard2.0/ImageFabric.{assembly}.dll", "");
    Copy("ImageFabric.psd1", "");
    string content = Path.Combine(root, "src/ImageFabric.PowerShell/module");
    foreach (string file in Directory.EnumerateFiles(content, "*", SearchOption.AllDirectories))
        Copy(file, Path.GetDirectoryName(Path.GetRelativePath(content, file))!);
    foreach (string help in Directory.EnumerateFiles(Path.Combine(output, "help")))
        Copy(help, "en-US");
}

void CopyEngines()
{
    foreach ((string platform, string program, string library) in ((string, string, string)[])[("linux-x64", "imagefabric", "libzstd.so.1"), ("win-x64", "imagefabric.exe", "libzstd.dll")])
    {
        Copy(Path.Combine(output, "engine", platform, program), $"engine/{platform}");
        Copy(Path.Combine(output, "engine", platform, library), $"engine/{platform}");
    }
}

// The sources name no version: it stands in Directory.Build.props alone.
void SetVersion(string manifest)
{
    string text = File.ReadAllText(manifest).Replace("'0.0.0'", $"'{version}'").Replace("\"version\": \"0.0.0\"", $"\"version\": \"{version}\"");
    File.WriteAllText(manifest, text);
}

// Everything the engines are made of, as the restore says it, so that nothing new is forgotten.
void WriteLicenses()
{
    string folder = Directory.CreateDirectory(Path.Combine(module, "licenses")).FullName;
    using JsonDocument assets = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, "src/ImageFabric.Engine/obj/project.assets.json")));
    string packages = assets.RootElement.GetProperty("packageFolders").EnumerateObject().First().Name;
    var notices = new StringBuilder("The programs in engine/ contain the following works of others.\n");
    IEnumerable<string> libraries = assets.RootElement.GetProperty("targets").EnumerateObject()
        .SelectMany(target => target.Value.EnumerateObject())
        .Where(library => library.Value.GetProperty("type").GetString() == "package" && library.Value.TryGetProperty("runtime", out _))
        .Where(library => !library.Name.StartsWith("ZstdNet/")) // only its native library, which is named below
        .Select(library => library.Name).Distinct().Order(StringComparer.Ordinal);
    foreach (string library in libraries)
    {
        string[] name = library.Split('/');
        XElement metadata = XDocument.Load(Path.Combine(packages, name[0].ToLowerInvariant(), name[1], name[0].ToLowerInvariant() + ".nuspec")).Root!.Elements().First();
        string? Value(string element) => metadata.Elements().FirstOrDefault(e => e.Name.LocalName == element)?.Value;
        string license = Value("license") ?? throw new InvalidDataException($"{library} names no licence.");
        string text = Path.Combine(root, "src/ImageFabric.Engine/Licenses", license + ".txt");
        if (!File.Exists(text))
            throw new InvalidDataException($"{library} is under {license}, whose text is not in src/ImageFabric.Engine/Licenses.");
        notices.Append($"\n{name[0]} {name[1]}: {license}, see {license}.txt\n  {Value("copyright") ?? "Copyright " + Value("authors")}\n");
        Copy(text, "licenses");
    }

    string runtime = Directory.EnumerateDirectories(Path.Combine(packages, "microsoft.netcore.app.runtime.linux-x64")).Order().Last();
    notices.Append($"\n.NET runtime {Path.GetFileName(runtime)}: MIT, see dotnet-LICENSE.txt; it has parts of others, see dotnet-THIRD-PARTY-NOTICES.txt\n");
    foreach (string file in (string[])["LICENSE", "THIRD-PARTY-NOTICES"])
        File.Copy(Path.Combine(runtime, file + ".TXT"), Path.Combine(folder, $"dotnet-{file}.txt"));
    string zstd = Directory.EnumerateDirectories(Path.Combine(packages, "zstdnet")).Order().Last();
    notices.Append($"\nlibzstd {Path.GetFileName(zstd)}, as built for ZstdNet: BSD-3-Clause, see libzstd-LICENSE.txt\n");
    File.Copy(Path.Combine(zstd, "runtimes", "LICENSE"), Path.Combine(folder, "libzstd-LICENSE.txt"));

    File.WriteAllText(Path.Combine(folder, "NOTICES.txt"), notices.ToString());
}

// What Publish-PSResource would make: the module's files at the top, and tags that Find-PSResource looks for.
string Pack(string name)
{
    string manifest = File.ReadAllText(Path.Combine(modules, name, name + ".psd1"));
    string Text(string key) => Regex.Match(manifest, $@"^\s*{key}\s*=\s*'([^']*)'", RegexOptions.Multiline).Groups[1].Value;
    string[] Texts(string key) => [.. Regex.Matches(Regex.Match(manifest, $@"\b{key}\s*=\s*@\(([^)]*)\)").Groups[1].Value, "'([^']+)'").Select(m => m.Groups[1].Value)];
    string[] commands = Texts("CmdletsToExport"), resources = Texts("DscResourcesToExport");
    string[] tags =
    [
        "PSModule", .. Texts("CompatiblePSEditions").Select(edition => "PSEdition_" + edition), .. Texts("Tags"),
        .. commands.Take(1).Select(_ => "PSIncludes_Cmdlet"), .. commands.Select(command => "PSCmdlet_" + command), .. commands.Select(command => "PSCommand_" + command),
        .. resources.Take(1).Select(_ => "PSIncludes_DscResource"), .. resources.Select(resource => "PSDscResource_" + resource),
    ];
    XNamespace schema = "http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd";
    var specification = new XElement(schema + "package",
        new XElement(schema + "metadata",
            new XElement(schema + "id", name),
            new XElement(schema + "version", Text("ModuleVersion")),
            new XElement(schema + "authors", Text("Author")),
            new XElement(schema + "copyright", Text("Copyright")),
            new XElement(schema + "requireLicenseAcceptance", "false"),
            new XElement(schema + "description", Text("Description")),
            new XElement(schema + "tags", string.Join(' ', tags)),
            new XElement(schema + "dependencies", Regex.Matches(manifest, "ModuleName = '([^']+)'; RequiredVersion = '([^']+)'").Select(required =>
                new XElement(schema + "dependency", new XAttribute("id", required.Groups[1].Value), new XAttribute("version", $"[{required.Groups[2].Value}]"))))),
        new XElement(schema + "files", new XElement(schema + "file", new XAttribute("src", "**"), new XAttribute("target", ""))));
    string file = Path.Combine(output, name + ".nuspec");
    specification.Save(file);
    Run("dotnet", "pack", Path.Combine(root, "src/ImageFabric.PowerShell"), "-c", "Release", "--no-build", "-v", "quiet", "-o", output,
        "-p:IsPackable=true", $"-p:NuspecFile={file}", $"-p:NuspecBasePath={Path.Combine(modules, name)}", "-p:NoWarn=NU5100%3BNU5110%3BNU5111");
    File.Delete(file);
    return Path.Combine(output, $"{name}.{Text("ModuleVersion")}.nupkg");
}

void List(string folder, string package)
{
    foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(f => f.FullName, StringComparer.Ordinal))
        Console.WriteLine($"{file.Length,12:N0}  {Path.GetRelativePath(folder, file.FullName)}");
    Console.WriteLine($"{new FileInfo(package).Length,12:N0}  {Path.GetFileName(package)}");
}

void Copy(string file, string folder)
{
    string target = Directory.CreateDirectory(Path.Combine(module, folder)).FullName;
    File.Copy(Path.Combine(root, file), Path.Combine(target, Path.GetFileName(file)), overwrite: true);
}

static void Run(string program, params string[] arguments)
{
    using Process process = Process.Start(program, arguments);
    process.WaitForExit();
    if (process.ExitCode != 0)
        throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}.");
}
