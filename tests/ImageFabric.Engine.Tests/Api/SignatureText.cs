using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace ImageFabric.Engine.Tests.Api;

/// <summary>Writes signatures of any assembly alike: types by full name, whatever assembly they are said to be in.</summary>
internal sealed class SignatureText : ISignatureTypeProvider<string, object?>
{
    public static SignatureText Provider { get; } = new();

    public static string Of(MethodSignature<string> signature) =>
        $"{(signature.Header.IsInstance ? "instance " : "")}{signature.ReturnType} <{signature.GenericParameterCount}>({string.Join(", ", signature.ParameterTypes)})";

    public static string Join(string space, string name) => space.Length == 0 ? name : $"{space}.{name}";

    /// <summary>The full name; what is nested stands behind a slash.</summary>
    public static string NameOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        TypeReference type = reader.GetTypeReference(handle);
        string name = Join(reader.GetString(type.Namespace), reader.GetString(type.Name));
        return type.ResolutionScope.Kind == HandleKind.TypeReference ? $"{NameOf(reader, (TypeReferenceHandle)type.ResolutionScope)}/{name}" : name;
    }

    /// <summary>The full name; what is nested stands behind a slash.</summary>
    public static string NameOf(MetadataReader reader, TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        string name = Join(reader.GetString(type.Namespace), reader.GetString(type.Name));
        return type.GetDeclaringType() is { IsNil: false } outer ? $"{NameOf(reader, outer)}/{name}" : name;
    }

    /// <summary>The assembly that a type is said to be in; null where it is in the same one.</summary>
    public static string? AssemblyOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        EntityHandle scope = reader.GetTypeReference(handle).ResolutionScope;
        return scope.Kind switch
        {
            HandleKind.TypeReference => AssemblyOf(reader, (TypeReferenceHandle)scope),
            HandleKind.AssemblyReference => reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)scope).Name),
            _ => null,
        };
    }

    /// <summary>The type whose instance this is, as <c>List&lt;T&gt;</c> is of <c>List&lt;int&gt;</c>; null for an array and its like.</summary>
    public static EntityHandle? GenericTypeOf(MetadataReader reader, TypeSpecificationHandle handle)
    {
        BlobReader blob = reader.GetBlobReader(reader.GetTypeSpecification(handle).Signature);
        if (blob.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
            return null;
        blob.ReadCompressedInteger();
        return blob.ReadTypeHandle();
    }

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => $"System.{typeCode}";

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => NameOf(reader, handle);

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => NameOf(reader, handle);

    public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(", ", typeArguments)}>";

    public string GetGenericMethodParameter(object? genericContext, int index) => $"!!{index}";

    public string GetGenericTypeParameter(object? genericContext, int index) => $"!{index}";

    public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{shape.Rank}]";

    public string GetSZArrayType(string elementType) => elementType + "[]";

    public string GetByReferenceType(string elementType) => elementType + "&";

    public string GetPointerType(string elementType) => elementType + "*";

    public string GetPinnedType(string elementType) => elementType + " pinned";

    public string GetFunctionPointerType(MethodSignature<string> signature) => $"method {Of(signature)}";

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => isRequired ? $"{unmodifiedType} modreq({modifier})" : unmodifiedType;
}
