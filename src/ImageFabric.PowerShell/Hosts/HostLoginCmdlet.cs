using System.Collections;
using System.Management.Automation;
using System.Threading.Tasks;

namespace ImageFabric.PowerShell;

/// <summary>A cmdlet whose parameters say how hosts are logged in to, and where they keep images.</summary>
public abstract class HostLoginCmdlet : EngineCmdlet
{
    private protected HostLoginCmdlet()
    {
    }

    /// <summary>User of the SSH login. Without it: as ssh_config says.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? UserName { get; set; }

    /// <summary>TCP port of the SSH login, 1 to 65535. Without it: as ssh_config says, otherwise 22.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int? Port { get; set; }

    /// <summary>Private key file of the SSH login. Without it: ssh's own choice.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("IdentityFilePath")]
    public string? KeyFilePath { get; set; }

    /// <summary>Options of ssh_config(5) by keyword; they come before ssh_config.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public IDictionary? Options { get; set; }

    /// <summary>Where the hosts keep images and disks. Without it: the host's own default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? ImageDirectory { get; set; }

    /// <summary><see cref="ImageDirectory"/> for the engine.</summary>
    private protected string? HostImageDirectory => Given(ImageDirectory);

    /// <summary>The private key file as ssh finds it.</summary>
    private protected async Task<string?> KeyFileAsync() =>
        string.IsNullOrEmpty(KeyFilePath) ? null : await Pipeline.AskAsync(() => GetUnresolvedProviderPathFromPSPath(KeyFilePath)).ConfigureAwait(false);

    private protected static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
