using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Management.Automation.Runspaces;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>A host as a cmdlet's parameters name it.</summary>
internal sealed class HostConnection(HostAddress address, IDictionary? options, string? imageDirectory)
{
    /// <summary>A host that a session leads to.</summary>
    public HostConnection(PSSession session, string? imageDirectory)
        : this(HostAddress.Through(session.ComputerName, new SessionHost(session)), null, imageDirectory) => Session = session;

    public HostAddress Address { get; } = address;

    /// <summary>The session that leads to the host. Null: SSH does, or none is needed.</summary>
    public PSSession? Session { get; }

    /// <summary>Options of ssh_config(5) as the user gave them.</summary>
    public IDictionary? Options { get; } = options;

    public string? ImageDirectory { get; } = imageDirectory;

    /// <summary>What the host is called in texts and errors.</summary>
    public string Name => Address.Name;

    /// <summary>The values as ssh_config writes them: a PowerShell truth is <c>yes</c> or <c>no</c>.</summary>
    public static Dictionary<string, string>? Texts(IDictionary? options)
    {
        if (options is null)
            return null;
        var texts = new Dictionary<string, string>();
        foreach (DictionaryEntry option in options)
        {
            string value = option.Value is bool truth ? (truth ? "yes" : "no") : System.Convert.ToString(option.Value, CultureInfo.InvariantCulture) ?? "";
            texts[System.Convert.ToString(option.Key, CultureInfo.InvariantCulture) ?? ""] = value;
        }

        return texts;
    }
}
