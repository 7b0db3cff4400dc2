using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>The OpenSSH client: where it is, and how it is called.</summary>
internal static class SshClient
{
    private const string ConfigVariable = "IMAGEFABRIC_SSH_CONFIG";

    // A question nobody can answer hangs; a master in the background would outlive us; a host's own command would come before ours.
    private static readonly (string Keyword, string Value)[] Always =
    [
        ("BatchMode", "yes"),
        ("RemoteCommand", "none"),
        ("ClearAllForwardings", "yes"),
    ];

    private static readonly (string Keyword, string Value)[] UnlessGiven =
    [
        ("StrictHostKeyChecking", "yes"),
        ("ControlMaster", "no"),
        ("ConnectTimeout", "15"),
        ("ServerAliveInterval", "15"),
        ("ServerAliveCountMax", "4"),
        ("LogLevel", "INFO"),
    ];

    /// <summary>Starts ssh with one command for the host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="command">What the user's shell on the host runs.</param>
    /// <param name="sshPath">The program. Null: the one on PATH.</param>
    /// <param name="controlPath">Socket of a connection to share. Null: a connection of its own.</param>
    /// <param name="tunnel">What a connection of its own is to carry besides. Null: nothing.</param>
    /// <exception cref="FleetException"><c>SshNotFound</c>: there is none.</exception>
    public static EngineProcess Start(HostAddress host, string command, string? sshPath, string? controlPath = null, StoreTunnel? tunnel = null) =>
        Start(host, sshPath, configFile => Arguments(host, command, configFile, controlPath, tunnel));

    /// <summary>Starts an ssh that only holds a connection open, for others to share by a socket.</summary>
    /// <param name="host">The host.</param>
    /// <param name="controlPath">The socket, which ssh makes when it has logged in.</param>
    /// <param name="sshPath">The program. Null: the one on PATH.</param>
    /// <exception cref="FleetException"><c>SshNotFound</c>: there is none.</exception>
    public static EngineProcess StartMaster(HostAddress host, string controlPath, string? sshPath) =>
        Start(host, sshPath, configFile => ["-N", "-o", "ControlMaster=yes", "-o", "ControlPersist=no", .. Arguments(host, null, configFile, controlPath)]);

    /// <summary>The name or address that ssh_config gives to a host; nothing is connected to.</summary>
    /// <param name="host">The host.</param>
    /// <param name="sshPath">The program. Null: the one on PATH.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Null when ssh does not say one.</returns>
    /// <exception cref="FleetException"><c>SshNotFound</c>: there is none.</exception>
    public static async Task<string?> RealNameAsync(HostAddress host, string? sshPath, CancellationToken cancellationToken)
    {
        const string Keyword = "hostname ";
        EngineProcess ssh = Start(host, sshPath, configFile => ["-G", .. Arguments(host, null, configFile)]);
        try
        {
            string? real = null;
            while (await ssh.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                if (line.StartsWith(Keyword, StringComparison.Ordinal))
                    real = line.Substring(Keyword.Length).Trim();
            }

            return real;
        }
        finally
        {
            await ssh.StopAsync().ConfigureAwait(false);
        }
    }

    private static EngineProcess Start(HostAddress host, string? sshPath, Func<string?, IReadOnlyList<string>> arguments)
    {
        string program = sshPath ?? Find();
        try
        {
            return EngineProcess.Start(program, arguments(Environment.GetEnvironmentVariable(ConfigVariable)), host.Name);
        }
        catch (Win32Exception e)
        {
            throw new FleetException("SshNotFound", program, $"The OpenSSH client cannot be started: {e.Message}", e);
        }
    }

    /// <summary>The argument array. Of several values for one keyword, ssh takes the first.</summary>
    public static IReadOnlyList<string> Arguments(HostAddress host, string? command, string? configFile, string? controlPath = null, StoreTunnel? tunnel = null)
    {
        List<string> arguments = ["-T"];
        if (!string.IsNullOrEmpty(configFile))
            arguments.AddRange(["-F", configFile!]);

        // "Clear all" would clear the tunnel too; and what port it got, ssh says at this level only.
        if (tunnel is not null)
            arguments.AddRange(["-o", "ClearAllForwardings=no", "-o", "LogLevel=INFO", "-R", tunnel.Forward]);
        foreach ((string keyword, string value) in Always)
            arguments.AddRange(["-o", $"{keyword}={value}"]);
        foreach (KeyValuePair<string, string> option in host.Options)
            arguments.AddRange(["-o", $"{option.Key}={option.Value}"]);
        foreach ((string keyword, string value) in UnlessGiven)
        {
            if (!host.Options.Keys.Contains(keyword, StringComparer.OrdinalIgnoreCase))
                arguments.AddRange(["-o", $"{keyword}={value}"]);
        }

        if (controlPath is not null)
            arguments.AddRange(["-o", $"ControlPath={controlPath}"]);
        if (host.Port is { } port)
            arguments.AddRange(["-p", port.ToString(CultureInfo.InvariantCulture)]);
        if (host.User is { } user)
            arguments.AddRange(["-l", user]);
        if (host.KeyFilePath is { } key)
            arguments.AddRange(["-i", key]);
        arguments.AddRange(["--", host.Name]);
        if (command is not null)
            arguments.Add(command);
        return arguments;
    }

    // Process.Start would also look into the current directory.
    private static string Find()
    {
        bool windows = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);
        IEnumerable<string> directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(Path.IsPathRooted);
        if (windows)
            directories = directories.Append(Path.Combine(Environment.SystemDirectory, "OpenSSH"));
        return directories.Select(d => Path.Combine(d, windows ? "ssh.exe" : "ssh")).FirstOrDefault(File.Exists)
            ?? throw new FleetException("SshNotFound", "ssh", "There is no ssh on PATH.");
    }
}
