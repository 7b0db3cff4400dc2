using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>
/// Completes an argument from what a store, a host or a file says. The user is in the middle of a line: it gives what it has within two
/// seconds or nothing, asks nothing and shows no error.
/// </summary>
internal abstract class Completer : IArgumentCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        var pattern = new WildcardPattern(WildcardPattern.Escape(word) + "*", WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
        return [.. Propose(word, fakeBoundParameters).Where(p => pattern.IsMatch(p.Text)).Select(static p => p.ToResult())];
    }

    /// <summary>What may stand there, on a worker thread.</summary>
    /// <param name="word">What is typed so far.</param>
    /// <param name="bound">The other parameters of the line.</param>
    /// <param name="cancellationToken">Cancelled when the time is over.</param>
    protected abstract Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken);

    /// <summary>A parameter of the line as text, or null.</summary>
    protected static string? Text(IDictionary bound, string parameter) =>
        bound[parameter] is { } value && value.ToString() is { Length: > 0 } text ? text : null;

    private IReadOnlyList<Proposal> Propose(string word, IDictionary bound)
    {
        var outOfTime = new CancellationTokenSource();
        Task<IReadOnlyList<Proposal>> proposing = Task.Run(() => ProposeAsync(word, bound, outOfTime.Token));
        try
        {
            if (proposing.Wait(Patience))
                return proposing.Result;

            // The user goes on at once; an engine that was started ends by itself.
            outOfTime.Cancel();
            return [];
        }
        catch (AggregateException e) when (e.InnerException is FleetException or IOException or UnauthorizedAccessException)
        {
            // No store, no host, no engine: the command itself will say so.
            return [];
        }
    }
}

/// <summary>One text that may stand there.</summary>
internal sealed class Proposal(string text, string toolTip)
{
    public string Text { get; } = text;

    public CompletionResult ToResult()
    {
        bool plain = Text.All(static c => char.IsLetterOrDigit(c) || c is '.' or '_' or '-' or ':' or '/');
        string quoted = plain ? Text : $"'{CodeGeneration.EscapeSingleQuotedStringContent(Text)}'";
        return new CompletionResult(quoted, Text, CompletionResultType.ParameterValue, toolTip);
    }
}
