using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace ImageFabric.Engine.Tests.Api;

/// <summary>Keeps what PowerShell loads to what Windows PowerShell 5.1 offers, member by member.</summary>
public sealed class ApiArchitectureTests : IDisposable
{
    private readonly ApiSurface _standard = ApiSurface.Standard();
    private readonly ApiSurface _windows = ApiSurface.WindowsPowerShell();

    public void Dispose()
    {
        _standard.Dispose();
        _windows.Dispose();
    }

    [Theory]
    [InlineData("ImageFabric.Protocol", 40)]
    [InlineData("ImageFabric.Fleet", 300)]
    [InlineData("ImageFabric.PowerShell", 300)]
    public void What_PowerShell_loads_uses_only_what_Windows_PowerShell_has(string name, int references)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, name + ".dll")));
        MetadataReader reader = file.GetMetadataReader();

        Assert.InRange(reader.MemberReferences.Count, references, int.MaxValue);
        Assert.Empty(UsedApi.Outside(_standard, reader));
        Assert.Empty(UsedApi.Outside(_windows, reader));
    }

    [Theory]
    [InlineData("netstandard", "System", "String", "Contains", SignatureTypeCode.String, true)]
    [InlineData("netstandard", "System", "String", "Contains", SignatureTypeCode.Char, false)]
    [InlineData("netstandard", "System", "String", "Holds", SignatureTypeCode.String, false)]
    [InlineData("netstandard", "System", "OperatingSystem", "IsOSPlatform", SignatureTypeCode.String, false)]
    [InlineData("netstandard", "System", "Half", "Equals", SignatureTypeCode.Object, false)]
    [InlineData("netstandard", "System.IO", "FileInfo", "Equals", SignatureTypeCode.Object, true)]
    [InlineData("System.Management.Automation", "System.Management.Automation", "PSCmdlet", "ShouldProcess", SignatureTypeCode.String, true)]
    [InlineData("System.Management.Automation", "System.Management.Automation", "PSCmdlet", "ShouldProcess", SignatureTypeCode.Int32, false)]
    [InlineData("System.Management.Automation", "System.Management.Automation", "PSStyle", "Equals", SignatureTypeCode.Object, false)]
    [InlineData("System.Text.Json", "System.Text.Json", "JsonElement", "Equals", SignatureTypeCode.Object, false)]
    public void A_reference_to_what_is_not_there_is_found(string assembly, string space, string type, string member, SignatureTypeCode parameter, bool exists)
    {
        using MetadataReaderProvider metadata = Referring(assembly, space, type, member, parameter);
        MetadataReader reader = metadata.GetMetadataReader();

        Assert.Equal(exists, UsedApi.Outside(_standard, reader).Count == 0);
        Assert.Equal(exists, UsedApi.Outside(_windows, reader).Count == 0);
    }

    /// <summary>An assembly that has nothing but one reference, to an instance method that takes one argument and answers yes or no.</summary>
    private static MetadataReaderProvider Referring(string assembly, string space, string type, string member, SignatureTypeCode parameter)
    {
        var metadata = new MetadataBuilder();
        metadata.AddModule(0, metadata.GetOrAddString("m.dll"), metadata.GetOrAddGuid(Guid.Empty), default, default);
        metadata.AddAssembly(metadata.GetOrAddString("m"), new Version(1, 0), default, default, default, default);
        metadata.AddTypeDefinition(default, default, metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        AssemblyReferenceHandle other = metadata.AddAssemblyReference(metadata.GetOrAddString(assembly), new Version(1, 0), default, default, default, default);
        TypeReferenceHandle owner = metadata.AddTypeReference(other, metadata.GetOrAddString(space), metadata.GetOrAddString(type));
        var signature = new BlobBuilder();
        signature.WriteBytes(new byte[] { 0x20, 1, (byte)SignatureTypeCode.Boolean, (byte)parameter });
        metadata.AddMemberReference(owner, metadata.GetOrAddString(member), metadata.GetOrAddBlob(signature));
        var image = new BlobBuilder();
        new MetadataRootBuilder(metadata).Serialize(image, 0, 0);
        return MetadataReaderProvider.FromMetadataImage(image.ToImmutableArray());
    }
}
