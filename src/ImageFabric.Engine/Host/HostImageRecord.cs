using System.Text.Json.Serialization;

namespace ImageFabric.Engine.Host;

/// <summary>What a host knows of an image by name: the file <c>names/NAME/VERSION.json</c>.</summary>
/// <param name="Name">Name of the image.</param>
/// <param name="Version">Version of the image.</param>
/// <param name="ImageId"><c>sha256:…</c> of the content.</param>
/// <param name="VirtualSize">Size of the disk in bytes.</param>
/// <param name="Format">Format of the file.</param>
/// <param name="Published">When it was published, UTC, ISO 8601.</param>
/// <param name="BootMode">How it boots. Null: not known.</param>
/// <param name="GuestSystem">The image's label <c>os</c>. Null: it has none.</param>
/// <param name="SectorSize">Bytes of the disk's logical sectors. Null: 512.</param>
internal sealed record HostImageRecord(string Name, string Version, string ImageId, long VirtualSize, string Format, string Published, string? BootMode = null, string? GuestSystem = null, int? SectorSize = null);

/// <summary>JSON of the host's records, generated so that the trimmed engine keeps what it needs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(HostImageRecord))]
internal sealed partial class HostJson : JsonSerializerContext;
