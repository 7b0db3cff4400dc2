using System.Collections.Concurrent;
using System.IO;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Text;

namespace ImageFabric.Protocol;

/// <summary>Writes and reads protocol messages as single JSON lines, with the serializer that .NET Framework and .NET both have in the box.</summary>
public static class ProtocolJson
{
    /// <summary>The longest line either side accepts, in bytes of UTF-8.</summary>
    public const int MaximumLineLength = 16 * 1024 * 1024;

    // No message has more than five levels; the serializer takes memory for each, also of members that it does not know.
    private const int DeepestLevel = 32;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly DataContractJsonSerializerSettings Settings = new() { UseSimpleDictionaryFormat = true };
    private static readonly ConcurrentDictionary<System.Type, DataContractJsonSerializer> Serializers = new();

    /// <summary>The message as one line of JSON without a line break.</summary>
    public static string Serialize<T>(T message)
        where T : class
    {
        using var buffer = new MemoryStream();
        SerializerFor(message.GetType()).WriteObject(buffer, message);
        return Utf8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Writes the message as one line of JSON, with a line feed at its end. Several threads may write at once, each to a stream of its own.</summary>
    public static void WriteLine<T>(T message, Stream destination)
        where T : class
    {
        SerializerFor(message.GetType()).WriteObject(destination, message);
        destination.WriteByte((byte)'\n');
    }

    /// <summary>Reads one message.</summary>
    /// <exception cref="SerializationException">
    /// The line is not JSON, is longer than <see cref="MaximumLineLength"/> or nested too deeply, holds NUL in a request, or does not fit the contract.
    /// </exception>
    public static T Deserialize<T>(string line)
        where T : class
    {
        if (line.Length > MaximumLineLength)
            throw new SerializationException($"A protocol line of {line.Length} characters is longer than the limit of {MaximumLineLength}.");
        Check(line, isRequest: typeof(EngineRequest).IsAssignableFrom(typeof(T)));
        using var buffer = new MemoryStream(Utf8.GetBytes(line), writable: false);
        return (T?)SerializerFor(typeof(T)).ReadObject(buffer) ?? throw new SerializationException("The protocol line holds no object.");
    }

    // NUL ends names, paths and arguments for the system: a request with one cannot mean what it says.
    private static void Check(string line, bool isRequest)
    {
        int depth = 0;
        bool inText = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (inText && c == '\\')
            {
                if (isRequest && string.CompareOrdinal(line, i, "\\u0000", 0, 6) == 0)
                    throw new SerializationException("A text of the request holds the character NUL.");
                i++;
            }
            else if (c == '"')
            {
                inText = !inText;
            }
            else if (!inText && c is ('[' or '{'))
            {
                if (++depth > DeepestLevel)
                    throw new SerializationException($"The protocol line is nested deeper than {DeepestLevel} levels.");
            }
            else if (!inText && c is (']' or '}'))
            {
                depth--;
            }
        }
    }

    private static DataContractJsonSerializer SerializerFor(System.Type type) =>
        Serializers.GetOrAdd(type, static t => new DataContractJsonSerializer(t, Settings));
}
