using System.Runtime.Serialization;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>Reads what an engine said.</summary>
internal static class ProtocolLine
{
    private const int Shown = 200;

    /// <summary>The line as a message.</summary>
    /// <exception cref="FleetException"><c>EngineFailed</c>: it is none.</exception>
    public static T Read<T>(string line, string target)
        where T : class
    {
        try
        {
            T message = ProtocolJson.Deserialize<T>(line);
            if (HarmlessText.IsWanted(line))
                HarmlessText.Clean(message);
            return message;
        }
        catch (SerializationException e)
        {
            throw new FleetException("EngineFailed", target, $"The engine said what is not a line of the protocol: {Shorten(line)}", e);
        }
    }

    /// <summary>The beginning of a line, for a message.</summary>
    public static string Shorten(string line) => DisplayText.Harmless(line.Length <= Shown ? line : line.Substring(0, Shown) + "…");
}
