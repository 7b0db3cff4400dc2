using ImageFabric.Protocol;

namespace ImageFabric.Engine.Output;

/// <summary>Writes for a person: results to standard output, the rest to standard error, with a progress line where that is a terminal.</summary>
internal sealed class ConsoleOutput(TextWriter results, TextWriter messages, bool showProgress, bool verbose) : IEventOutput
{
    private readonly Lock writing = new();
    private readonly ProgressPace pace = new();
    private int errorsWritten;
    private int progressWidth;
    private Type? headed;

    public int ErrorsWritten => errorsWritten;

    public void Progress(ProgressReport report)
    {
        if (!showProgress)
            return;
        lock (writing)
        {
            if (!pace.Passes(report))
                return;
            string text = DisplayText.Harmless(ProgressText.Describe(pace.Describe(report)));
            messages.Write("\r" + text.PadRight(progressWidth));
            progressWidth = text.Length;
        }
    }

    public void Warning(string message) => Message($"warning: {message}");

    public void Verbose(string message)
    {
        if (verbose)
            Message(message);
    }

    public void Result(EngineEvent result)
    {
        lock (writing)
        {
            ClearProgress();
            if (headed != result.GetType() && ResultText.Heading(result) is { } heading)
                results.WriteLine(heading);
            headed = result.GetType();
            results.WriteLine(DisplayText.Harmless(ResultText.Describe(result)));
        }
    }

    public void Error(ErrorEvent error)
    {
        Interlocked.Increment(ref errorsWritten);
        string target = error.Target is { Length: > 0 } named && !error.Message.Contains(named, StringComparison.Ordinal) ? $" ({named})" : "";
        Message($"error {error.Id}{target}: {error.Message}" + (error.RecommendedAction is null ? "" : $"\n  {error.RecommendedAction}"));
    }

    private void Message(string text)
    {
        lock (writing)
        {
            ClearProgress();
            messages.WriteLine(DisplayText.Harmless(text));
        }
    }

    private void ClearProgress()
    {
        if (progressWidth > 0)
            messages.Write("\r" + new string(' ', progressWidth) + "\r");
        progressWidth = 0;
    }
}
