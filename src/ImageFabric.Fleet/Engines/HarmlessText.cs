using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.Serialization;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// Makes the text in what an engine says harmless for a terminal (<see cref="DisplayText"/>): names, messages and addresses come from hosts, stores and
/// certificates, and every cmdlet and command shows them. Done once, where a line becomes a message.
/// </summary>
internal static class HarmlessText
{
    /// <summary>True for a line that may hold a character which is not harmless; most hold none.</summary>
    public static bool IsWanted(string line) => line.Contains("\\u") || !ReferenceEquals(DisplayText.Harmless(line), line);

    /// <summary>Replaces such characters in every text of a message.</summary>
    public static void Clean(object message)
    {
        foreach (PropertyInfo property in message.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(static p => p.CanRead && p.CanWrite))
        {
            switch (property.GetValue(message))
            {
                case string text:
                    property.SetValue(message, DisplayText.Harmless(text));
                    break;
                case string[] texts:
                    for (int i = 0; i < texts.Length; i++)
                        texts[i] = texts[i] is null ? texts[i] : DisplayText.Harmless(texts[i]);
                    break;
                case Dictionary<string, string> pairs:
                    property.SetValue(message, Clean(pairs));
                    break;
                case IEnumerable items and not byte[]:
                    foreach (object item in items.OfType<object>().Where(static item => IsMessage(item.GetType())))
                        Clean(item);
                    break;
                case { } part when IsMessage(part.GetType()):
                    Clean(part);
                    break;
            }
        }
    }

    private static Dictionary<string, string> Clean(Dictionary<string, string> pairs)
    {
        var clean = new Dictionary<string, string>(pairs.Count);
        foreach (KeyValuePair<string, string> pair in pairs)
            clean[DisplayText.Harmless(pair.Key)] = pair.Value is null ? pair.Value! : DisplayText.Harmless(pair.Value);
        return clean;
    }

    private static bool IsMessage(Type type) => Attribute.IsDefined(type, typeof(DataContractAttribute));
}
