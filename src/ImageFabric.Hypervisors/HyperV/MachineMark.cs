using System.Text.Json;
using ImageFabric.Hypervisors.Machines;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>The line in a machine's notes that says it is ours, and what is remembered of it. People may write more notes around it.</summary>
/// <param name="Record">What is remembered.</param>
/// <param name="Directory">The machine's directory.</param>
internal sealed record MachineMark(MachineRecord Record, string Directory)
{
    private const string Prefix = "imagefabric:";

    /// <summary>The notes of a new machine.</summary>
    public string ToNotes() =>
        $"Made by ImageFabric from {Record.Image} ({Record.ImageId}).\n{Prefix}{JsonSerializer.Serialize(this, MachineRecordJson.Default.MachineMark).ReplaceLineEndings("")}";

    /// <summary>Reads the notes of a machine; null when they hold no mark and the machine is not ours.</summary>
    public static MachineMark? Of(string notes)
    {
        string? line = notes.Split('\n').Select(static l => l.Trim()).FirstOrDefault(static l => l.StartsWith(Prefix, StringComparison.Ordinal));
        if (line is null)
            return null;
        try
        {
            return JsonSerializer.Deserialize(line[Prefix.Length..], MachineRecordJson.Default.MachineMark);
        }
        catch (JsonException)
        {
            // Somebody edited the line: then it says nothing any more.
            return null;
        }
    }
}
