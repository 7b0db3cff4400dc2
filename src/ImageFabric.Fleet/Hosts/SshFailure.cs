using System;

namespace ImageFabric.Fleet;

/// <summary>Tells from ssh's own words why it did not get to the host.</summary>
internal static class SshFailure
{
    /// <summary>ssh's exit code when ssh itself failed and not the command on the host.</summary>
    public const int ExitCode = 255;

    // In this order: a changed key ends in "Host key verification failed." as an unknown one does.
    private static readonly (string Words, string Id, string Message)[] Known =
    [
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", "HostKeyChanged", "The host's SSH key is not the one that is known."),
        ("REVOKED HOST KEY DETECTED", "HostKeyChanged", "The host's SSH key is marked as revoked."),
        ("host key is known for", "HostKeyUnknown", "The host's SSH key is not known."),
        ("Host key verification failed", "HostKeyUnknown", "The host's SSH key could not be verified."),
        ("Permission denied", "HostAuthenticationFailed", "The host refuses the SSH login."),
        ("Too many authentication failures", "HostAuthenticationFailed", "The host refuses the SSH login."),
    ];

    /// <summary>The error for an ssh that ended before the host said a word of ours.</summary>
    public static FleetException BeforeHandshake(HostAddress host, int exitCode, string diagnostics)
    {
        string words = OutputTail.LastWords(diagnostics);
        if (exitCode != ExitCode)
        {
            // The login worked, the command did not: its shell is of another kind, or not meant for logins.
            string message = $"The host did not run the command that installs the engine (exit code {exitCode}).{words}";
            string id = diagnostics.Contains("is not recognized") ? "HostNotSupported" : "EngineInstallFailed";
            return HostShell.Another(new FleetException(id, host.Name, message));
        }

        foreach ((string said, string id, string message) in Known)
        {
            if (diagnostics.IndexOf(said, StringComparison.OrdinalIgnoreCase) >= 0)
                return new FleetException(id, host.Name, message + words);
        }

        return new FleetException("HostUnreachable", host.Name, "The host cannot be reached over SSH." + words);
    }

    /// <summary>The error for a connection that was lost while the engine worked.</summary>
    public static FleetException InMidWork(HostAddress host, string diagnostics) =>
        new("HostUnreachable", host.Name, "The connection to the host was lost." + OutputTail.LastWords(diagnostics));
}
