using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImageFabric.Hypervisors.Machines;

/// <summary>What is known of a machine since it was made: in <c>vm.json</c>, and in the domain's metadata.</summary>
/// <param name="Name">Its name then.</param>
/// <param name="Id">Its UUID.</param>
/// <param name="Image"><c>NAME:VERSION</c>.</param>
/// <param name="ImageId"><c>sha256:…</c> of the image's content.</param>
/// <param name="BaseImage">The image's file; a linked clone needs it as long as it lives.</param>
/// <param name="LinkedClone">True when the disk holds only its differences from it.</param>
/// <param name="DiskSizeBytes">Size of the disk then, as the guest sees it.</param>
/// <param name="Created">When it was made, UTC, ISO 8601.</param>
internal sealed record MachineRecord(
    string Name, Guid Id, string Image, string ImageId, string BaseImage, bool LinkedClone, long DiskSizeBytes, string Created)
{
    /// <summary>Name of the host that made the machine. Null: a record from before hosts were named.</summary>
    public string? Host { get; init; }

    /// <summary>Reads the record of a machine that this host's hypervisor does not have, before its files are removed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Name of the machine.</param>
    /// <param name="force">True: also when it is another host's, or damaged.</param>
    /// <returns>Null where there is none that can be read.</returns>
    /// <exception cref="HypervisorException"><c>VmBelongsToAnotherHost</c>: several hosts have one image directory; or as for <see cref="Read"/>.</exception>
    public static MachineRecord? ReadLeftover(string path, string name, bool force)
    {
        if (!File.Exists(path))
            return null;
        MachineRecord record;
        try
        {
            record = Read(path);
        }
        catch (HypervisorException) when (force)
        {
            return null;
        }

        return force || record.Host is null || record.Host == Environment.MachineName
            ? record
            : throw new HypervisorException("VmBelongsToAnotherHost", name, $"The machine '{name}' was made on the host {record.Host}, which has the same image directory, and may run there.");
    }

    /// <summary>Writes the record; the file is there whole or not at all, also after a power failure.</summary>
    public void Write(string path)
    {
        string unfinished = path + ".new";
        using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(this, MachineRecordJson.Default.MachineRecord));
            StableStorage.Flush(file);
        }

        File.Move(unfinished, path);
        StableStorage.FlushDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>The machine's UUID. Null: there is no record, or a power failure left it damaged.</summary>
    public static Guid? TryReadId(string path)
    {
        try
        {
            return File.Exists(path) ? Read(path).Id : null;
        }
        catch (HypervisorException)
        {
            return null;   // The domain's own mark knows it, too.
        }
    }

    /// <summary>Reads the record.</summary>
    /// <exception cref="HypervisorException"><c>HypervisorFailed</c>: the file is not what <see cref="Write"/> wrote.</exception>
    public static MachineRecord Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), MachineRecordJson.Default.MachineRecord) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new HypervisorException("HypervisorFailed", path, $"{path} is damaged: {e.Message}. What is left of the machine can be removed by force.", e);
        }
    }
}

/// <summary>How <see cref="MachineRecord"/> looks as JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(MachineRecord))]
[JsonSerializable(typeof(HyperV.MachineMark))]
internal sealed partial class MachineRecordJson : JsonSerializerContext;
