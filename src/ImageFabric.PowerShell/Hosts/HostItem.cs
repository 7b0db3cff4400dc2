using System.Collections;
using System.Management.Automation.Runspaces;

namespace ImageFabric.PowerShell;

/// <summary>Something on a host, and how the host was reached: piped on, it is reached again in the same way.</summary>
public abstract class HostItem
{
    private protected HostItem(HostConnection connection)
    {
        HostName = connection.Address.Name;
        UserName = connection.Address.User;
        Port = connection.Address.Port;
        KeyFilePath = connection.Address.KeyFilePath;
        Options = connection.Options;
        Session = connection.Session;
        ImageDirectory = connection.ImageDirectory;
    }

    /// <summary>The host.</summary>
    public string HostName { get; }

    /// <summary>The same as <see cref="HostName"/>.</summary>
    public string Host => HostName;

    /// <summary>User of the SSH login. Null: as ssh_config says.</summary>
    public string? UserName { get; }

    /// <summary>TCP port of the SSH login. Null: as ssh_config says.</summary>
    public int? Port { get; }

    /// <summary>Private key file of the SSH login. Null: ssh's own choice.</summary>
    public string? KeyFilePath { get; }

    /// <summary>Options of ssh_config(5) that were given. Null: none.</summary>
    public IDictionary? Options { get; }

    /// <summary>The session that led to the host. Null: SSH did, or none was needed.</summary>
    public PSSession? Session { get; }

    /// <summary>Where the host keeps images, when it was said. Null: the host's own default.</summary>
    public string? ImageDirectory { get; }
}
