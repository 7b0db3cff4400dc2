using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace ImageFabric.Engine.Tests.Api;

/// <summary>What a platform offers, as its reference assemblies say it.</summary>
internal sealed class ApiSurface : IDisposable
{
    private readonly Dictionary<string, PEReader> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, MetadataReader> _assemblies = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<MetadataReader, Dictionary<string, TypeDefinitionHandle>> _types = [];

    private ApiSurface(string name, IEnumerable<string> files)
    {
        Name = name;
        foreach (string file in files)
        {
            var portable = new PEReader(File.OpenRead(file));
            _files.Add(Path.GetFileNameWithoutExtension(file), portable);
        }
    }

    /// <summary>What a person calls the platform.</summary>
    public string Name { get; }

    /// <summary>.NET Standard 2.0 and PowerShell Standard 5.1: what the module is compiled against.</summary>
    public static ApiSurface Standard() =>
        new(".NET Standard 2.0", [Path.Combine(Folder("NETStandard"), "netstandard.dll"), Path.Combine(Folder("PowerShellStandard"), "netstandard2.0", "System.Management.Automation.dll")]);

    /// <summary>.NET Framework 4.7.2 and the PowerShell 5.1 on it: what Windows PowerShell is.</summary>
    public static ApiSurface WindowsPowerShell() =>
        new(
            "Windows PowerShell 5.1",
            [
                .. Directory.EnumerateFiles(Folder("NETFramework"), "*.dll"),
                .. Directory.EnumerateFiles(Path.Combine(Folder("NETFramework"), "Facades"), "*.dll"),
                Path.Combine(Folder("PowerShellStandard"), "net452", "System.Management.Automation.dll"),
            ]);

    public bool HasAssembly(string name) => _files.ContainsKey(name);

    public bool HasType(string assembly, string type) => Find(assembly, type) is not null;

    /// <summary>True where the type, or one that it derives from, has a member of just this name and signature.</summary>
    public bool HasMember(string assembly, string type, MemberKind kind, string name, string signature)
    {
        (MetadataReader Reader, TypeDefinition Type)? place = Find(assembly, type);
        while (place is { } found)
        {
            if (Members(found.Reader, found.Type, kind, name).Contains(signature))
                return true;
            place = Base(found.Reader, found.Type);
        }

        return false;
    }

    public void Dispose()
    {
        foreach (PEReader file in _files.Values)
            file.Dispose();
    }

    private static string Folder(string name) =>
        typeof(ApiSurface).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ReferenceAssemblies." + name).Value!;

    private static IEnumerable<string> Members(MetadataReader reader, TypeDefinition type, MemberKind kind, string name)
    {
        if (kind == MemberKind.Field)
        {
            return type.GetFields().Select(reader.GetFieldDefinition)
                .Where(field => Visible((int)(field.Attributes & FieldAttributes.FieldAccessMask)) && reader.StringComparer.Equals(field.Name, name))
                .Select(field => field.DecodeSignature(SignatureText.Provider, null));
        }

        return type.GetMethods().Select(reader.GetMethodDefinition)
            .Where(method => Visible((int)(method.Attributes & MethodAttributes.MemberAccessMask)) && reader.StringComparer.Equals(method.Name, name))
            .Select(method => SignatureText.Of(method.DecodeSignature(SignatureText.Provider, null)));
    }

    // Protected, protected or internal, public: the numbers are the same for fields and methods (ECMA-335, II.23.1.5 and II.23.1.10).
    private static bool Visible(int access) => access is 4 or 5 or 6;

    private (MetadataReader Reader, TypeDefinition Type)? Base(MetadataReader reader, TypeDefinition type)
    {
        EntityHandle parent = type.BaseType;
        if (parent.Kind == HandleKind.TypeSpecification)
            parent = SignatureText.GenericTypeOf(reader, (TypeSpecificationHandle)parent) ?? default;
        return parent.Kind switch
        {
            _ when parent.IsNil => null,
            HandleKind.TypeDefinition => (reader, reader.GetTypeDefinition((TypeDefinitionHandle)parent)),
            HandleKind.TypeReference when SignatureText.AssemblyOf(reader, (TypeReferenceHandle)parent) is { } assembly =>
                Find(assembly, SignatureText.NameOf(reader, (TypeReferenceHandle)parent)),
            _ => null,
        };
    }

    private (MetadataReader Reader, TypeDefinition Type)? Find(string assembly, string type)
    {
        if (Open(assembly) is not { } reader)
            return null;
        if (TypesOf(reader).TryGetValue(type, out TypeDefinitionHandle handle))
            return (reader, reader.GetTypeDefinition(handle));
        string outermost = type.Split('/')[0];
        foreach (ExportedType forwarded in reader.ExportedTypes.Select(reader.GetExportedType))
        {
            if (forwarded.Implementation.Kind == HandleKind.AssemblyReference
                && SignatureText.Join(reader.GetString(forwarded.Namespace), reader.GetString(forwarded.Name)) == outermost)
            {
                return Find(reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)forwarded.Implementation).Name), type);
            }
        }

        return null;
    }

    private MetadataReader? Open(string assembly)
    {
        if (!_assemblies.TryGetValue(assembly, out MetadataReader? reader) && _files.TryGetValue(assembly, out PEReader? file))
            _assemblies.Add(assembly, reader = file.GetMetadataReader());
        return reader;
    }

    private Dictionary<string, TypeDefinitionHandle> TypesOf(MetadataReader reader)
    {
        if (!_types.TryGetValue(reader, out Dictionary<string, TypeDefinitionHandle>? types))
        {
            types = reader.TypeDefinitions.Where(t => IsPublic(reader, reader.GetTypeDefinition(t))).ToDictionary(t => SignatureText.NameOf(reader, t));
            _types.Add(reader, types);
        }

        return types;
    }

    private static bool IsPublic(MetadataReader reader, TypeDefinition type) => (type.Attributes & TypeAttributes.VisibilityMask) switch
    {
        TypeAttributes.Public => true,
        TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem => IsPublic(reader, reader.GetTypeDefinition(type.GetDeclaringType())),
        _ => false,
    };
}
