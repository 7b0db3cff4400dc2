using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.PowerShell;

/// <summary>Hosts that the user's SSH knows: sections of <c>~/.ssh/config</c> and readable names of <c>known_hosts</c>.</summary>
internal sealed class HostNameCompleter : Completer
{
    private static readonly char[] Blanks = [' ', '\t', '='];

    protected override Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken)
    {
        string directory = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ssh");
        IEnumerable<Proposal> hosts = Lines(Path.Combine(directory, "config")).SelectMany(OfConfiguration).Select(static h => new Proposal(h, "ssh_config"))
            .Concat(Lines(Path.Combine(directory, "known_hosts")).SelectMany(OfKnownHosts).Select(static h => new Proposal(h, "known_hosts")))
            .Append(new Proposal("localhost", "this machine"));
        return Task.FromResult<IReadOnlyList<Proposal>>([.. hosts.GroupBy(static h => h.Text).Select(static g => g.First()).OrderBy(static h => h.Text, StringComparer.Ordinal)]);
    }

    private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    // Patterns are no hosts.
    private static IEnumerable<string> OfConfiguration(string line)
    {
        string[] words = line.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 1 && words[0].Equals("Host", StringComparison.OrdinalIgnoreCase) ? words.Skip(1).Where(static w => w.IndexOfAny(['*', '?', '!']) < 0) : [];
    }

    // Hashed names begin with '|', marked lines with '@', names with a port with '['.
    private static IEnumerable<string> OfKnownHosts(string line)
    {
        int blank = line.IndexOf(' ');
        return blank > 0 && line[0] is not ('#' or '|' or '@') ? line.Substring(0, blank).Split(',').Where(static h => h.Length > 0 && h[0] != '[') : [];
    }
}
