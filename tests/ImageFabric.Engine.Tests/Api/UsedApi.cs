using System.Reflection.Metadata;

namespace ImageFabric.Engine.Tests.Api;

/// <summary>What an assembly takes from others, by the references in its metadata.</summary>
internal static class UsedApi
{
    /// <summary>Every type and member it refers to that the surface has not. What belongs to <c>ImageFabric</c> itself is not looked for.</summary>
    public static IReadOnlyList<string> Outside(ApiSurface surface, MetadataReader reader)
    {
        var outside = new SortedSet<string>(StringComparer.Ordinal);
        foreach (AssemblyReference reference in reader.AssemblyReferences.Select(reader.GetAssemblyReference))
        {
            if (reader.GetString(reference.Name) is var name && !IsOwn(name) && !surface.HasAssembly(name))
                outside.Add(name);
        }

        foreach (TypeReferenceHandle type in reader.TypeReferences)
        {
            if (SignatureText.AssemblyOf(reader, type) is { } assembly && !IsOwn(assembly) && !surface.HasType(assembly, SignatureText.NameOf(reader, type)))
                outside.Add($"[{assembly}]{SignatureText.NameOf(reader, type)}");
        }

        foreach (MemberReference member in reader.MemberReferences.Select(reader.GetMemberReference))
        {
            if (Parent(reader, member) is { } type && SignatureText.AssemblyOf(reader, type) is { } assembly && !IsOwn(assembly))
            {
                MemberKind kind = member.GetKind() == MemberReferenceKind.Field ? MemberKind.Field : MemberKind.Method;
                string signature = kind == MemberKind.Field
                    ? member.DecodeFieldSignature(SignatureText.Provider, null)
                    : SignatureText.Of(member.DecodeMethodSignature(SignatureText.Provider, null));
                if (!surface.HasMember(assembly, SignatureText.NameOf(reader, type), kind, reader.GetString(member.Name), signature))
                    outside.Add($"[{assembly}]{SignatureText.NameOf(reader, type)}.{reader.GetString(member.Name)}: {signature}");
            }
        }

        return [.. outside];
    }

    private static bool IsOwn(string assembly) => assembly.StartsWith("ImageFabric.", StringComparison.Ordinal);

    // None for members of arrays, which the runtime makes, and for those of the assembly's own types.
    private static TypeReferenceHandle? Parent(MetadataReader reader, MemberReference member)
    {
        EntityHandle parent = member.Parent;
        if (parent.Kind == HandleKind.TypeSpecification)
            parent = SignatureText.GenericTypeOf(reader, (TypeSpecificationHandle)parent) ?? default;
        return !parent.IsNil && parent.Kind == HandleKind.TypeReference ? (TypeReferenceHandle)parent : null;
    }
}
