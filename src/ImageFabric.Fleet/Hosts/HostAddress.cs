using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;

namespace ImageFabric.Fleet;

/// <summary>A host and how SSH gets there. What is not said here, ssh_config says.</summary>
public sealed class HostAddress
{
    // What OpenSSH itself refuses in names since 9.6, and what would make the name another thing: a URI, or a user with a host.
    private const string NotInNames = "'`\"$\\;&<>|(){}/@,";

    private static readonly Dictionary<string, string> NoOptions = new();

    private HostAddress(
        string name, string? user, int? port, string? keyFilePath, IReadOnlyDictionary<string, string> options, IScriptHost? scripts = null)
    {
        Scripts = scripts;
        Name = name;
        User = user;
        Port = port;
        KeyFilePath = keyFilePath;
        Options = options;
    }

    /// <summary>Host name, IP address or the name of a Host section of ssh_config.</summary>
    public string Name { get; }

    /// <summary>User to log in as. Null: as ssh_config says, otherwise the user's own name.</summary>
    public string? User { get; }

    /// <summary>TCP port, 1 to 65535. Null: as ssh_config says, otherwise 22.</summary>
    public int? Port { get; }

    /// <summary>Private key file. Null: ssh's own choice.</summary>
    public string? KeyFilePath { get; }

    /// <summary>Options of ssh_config(5) by keyword; they come before ssh_config.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    /// <summary>A way that is there already and used instead of SSH. Null: there is none.</summary>
    internal IScriptHost? Scripts { get; }

    /// <summary>
    /// True for this machine, which is reached without SSH: <c>.</c>, and <c>localhost</c> or this machine's own name as long as neither
    /// user, port nor key asks for a login.
    /// </summary>
    public bool IsLocal => Scripts is null && IsThisMachine;

    private bool IsThisMachine =>
        Name == "." || (User is null && Port is null && KeyFilePath is null && NamesThisMachine(Name));

    /// <summary>A host that is reached by a way that is there already.</summary>
    /// <param name="name">What the host is called in results and errors.</param>
    /// <param name="scripts">The way.</param>
    public static HostAddress Through(string name, IScriptHost scripts) => new(name, null, null, null, NoOptions, scripts);

    /// <summary>Reads <c>[user@]host[:port]</c>, <c>[user@][IPv6]:port</c> or a bare IPv6 address.</summary>
    /// <exception cref="FleetException"><c>InvalidRequest</c>: it is none of these, or holds what must not come near a command line.</exception>
    public static HostAddress Parse(string text)
    {
        int at = text.LastIndexOf('@');
        string? user = at < 0 ? null : text.Substring(0, at);
        string rest = text.Substring(at + 1);
        (string name, string? port) = SplitPort(text, rest);
        CheckName(text, name);
        if (user is not null)
            CheckUser(text, user);
        return new HostAddress(name, user, port is null ? null : ParsePort(text, port), null, NoOptions);
    }

    /// <summary>This address, completed by what applies to many: what the address itself says goes before; null leaves as it is.</summary>
    /// <exception cref="FleetException"><c>InvalidRequest</c>: a value cannot be given to ssh.</exception>
    public HostAddress With(string? userName, int? port, string? keyFilePath, IReadOnlyDictionary<string, string>? options)
    {
        if (userName is not null)
            CheckUser(userName, userName);
        if (port is < 1 or > 65535)
            throw Refused(Name, $"{port} is not a port.");
        if (keyFilePath is not null && (keyFilePath.Length == 0 || keyFilePath.Any(char.IsControl)))
            throw Refused(Name, "The key file's path is empty or holds control characters.");
        foreach (KeyValuePair<string, string> option in options ?? NoOptions)
            CheckOption(option.Key, option.Value);
        return new HostAddress(Name, User ?? userName, Port ?? port, KeyFilePath ?? keyFilePath, options ?? Options, Scripts);
    }

    /// <summary>The form that <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        string name = Port is not null && Name.Contains(":") ? $"[{Name}]" : Name;
        return (User is null ? "" : User + "@") + name + (Port is null ? "" : ":" + Port.Value.ToString(CultureInfo.InvariantCulture));
    }

    private static (string Name, string? Port) SplitPort(string text, string rest)
    {
        if (rest.StartsWith("[", StringComparison.Ordinal))
        {
            int end = rest.IndexOf(']');
            string inside = end < 0 ? "" : rest.Substring(1, end - 1);
            string after = rest.Substring(end + 1);
            if (!IsIPv6(inside) || (after.Length > 0 && after[0] != ':'))
                throw Refused(text, "Between [ and ] an IPv6 address is expected, and after it nothing or a port.");
            return (inside, after.Length == 0 ? null : after.Substring(1));
        }

        int colon = rest.IndexOf(':');
        if (colon < 0)
            return (rest, null);
        if (rest.IndexOf(':', colon + 1) < 0)
            return (rest.Substring(0, colon), rest.Substring(colon + 1));
        return IsIPv6(rest) ? (rest, null) : throw Refused(text, "It has several colons but is not an IPv6 address.");
    }

    private static bool IsIPv6(string name) =>
        name.All(c => !char.IsWhiteSpace(c)) && name.Contains(":") && IPAddress.TryParse(name, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static int ParsePort(string text, string port) =>
        int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= 65535
            ? number
            : throw Refused(text, $"'{Printable(port)}' is not a port.");

    private static void CheckName(string text, string name)
    {
        if (name.Length == 0)
            throw Refused(text, "It names no host.");
        if (name[0] == '-')
            throw Refused(text, "A host's name cannot begin with '-'.");
        if (name.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || NotInNames.IndexOf(c) >= 0))
            throw Refused(text, "The host's name holds a character that no host's name has.");
    }

    private static void CheckUser(string text, string user)
    {
        if (user.Length == 0 || user[0] == '-' || user.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || "'`\"$;&<>|(){}".IndexOf(c) >= 0))
            throw Refused(text, "The user's name is empty, begins with '-' or holds a character that no user's name has.");
    }

    private static void CheckOption(string keyword, string? value)
    {
        if (keyword.Length == 0 || !keyword.All(c => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9')))
            throw Refused(keyword, "A keyword of ssh_config has letters and digits only.");
        if (value is null || value.Any(char.IsControl))
            throw Refused(keyword, $"The value of the SSH option {keyword} is missing or holds control characters.");
    }

    private static bool NamesThisMachine(string name) =>
        string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase)
        || string.Equals(name, Environment.MachineName, StringComparison.OrdinalIgnoreCase)
        || string.Equals(name, Dns.GetHostName(), StringComparison.OrdinalIgnoreCase);

    private static string Printable(string text) => new([.. text.Select(c => char.IsControl(c) ? '?' : c)]);

    private static FleetException Refused(string text, string why) =>
        new("InvalidRequest", Printable(text), $"'{Printable(text)}' cannot be used to reach a host. {why}");
}
