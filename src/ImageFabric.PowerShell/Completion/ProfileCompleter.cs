using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.PowerShell;

/// <summary>Profiles of the AWS credential files.</summary>
internal sealed class ProfileCompleter : Completer
{
    private const string ConfigPrefix = "profile ";

    protected override Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken)
    {
        IEnumerable<string> profiles = Sections("AWS_SHARED_CREDENTIALS_FILE", "credentials")
            .Concat(Sections("AWS_CONFIG_FILE", "config").Select(static s => s.StartsWith(ConfigPrefix, StringComparison.Ordinal) ? s.Substring(ConfigPrefix.Length).Trim() : s));
        return Task.FromResult<IReadOnlyList<Proposal>>(
            [.. profiles.Distinct().OrderBy(static p => p, StringComparer.Ordinal).Select(static p => new Proposal(p, "AWS profile"))]);
    }

    private static IEnumerable<string> Sections(string variable, string file)
    {
        string path = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".aws", file);
        return File.Exists(path)
            ? File.ReadAllLines(path).Select(static line => line.Trim()).Where(static line => line.Length > 2 && line[0] == '[' && line[line.Length - 1] == ']')
                .Select(static line => line.Substring(1, line.Length - 2).Trim())
            : [];
    }
}
