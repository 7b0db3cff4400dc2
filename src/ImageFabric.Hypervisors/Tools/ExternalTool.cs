using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace ImageFabric.Hypervisors.Tools;

/// <summary>Runs one program with argument arrays; no shell is involved.</summary>
/// <param name="program">Name in an absolute folder of PATH, or absolute path.</param>
/// <param name="whence">A sentence that says where it comes from, for the error when it is absent.</param>
/// <param name="environment">Variables it gets besides those of this process. Null: none.</param>
internal sealed class ExternalTool(string program, string whence, IReadOnlyDictionary<string, string>? environment = null)
{
    private const int EndedBySigint = 128 + 2;

    /// <summary>Name of the program, without its path.</summary>
    public string Name { get; } = Path.GetFileName(program);

    /// <summary>Runs the program to its end.</summary>
    /// <param name="arguments">One string each.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="grace">
    /// How long it may go on after a cancellation before it is killed, for work that a server would go on with unwatched.
    /// </param>
    /// <param name="ct">Ends the program.</param>
    /// <exception cref="HypervisorException"><c>HypervisorUnavailable</c>: the program cannot be started.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, whether or not the program came to its end within the grace time.</exception>
    public async Task<ToolOutput> RunAsync(IReadOnlyList<string> arguments, string input, TimeSpan grace, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        string path = ProgramSearch.Find(program) ?? throw new HypervisorException("HypervisorUnavailable", Name, $"{Name} is in no folder of PATH. {whence}");
        var start = new ProcessStartInfo(path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            UseShellExecute = false,
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        // Messages are compared and numbers are parsed: no translation.
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("LANGUAGE");
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        using var process = new Process { StartInfo = start };
        Start(process);
        using var abandon = new CancellationTokenSource();
        using CancellationTokenRegistration onCancel = ct.Register(() => abandon.CancelAfter(grace));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(abandon.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(abandon.Token);
            await FeedAsync(process, input, abandon.Token).ConfigureAwait(false);
            await process.WaitForExitAsync(abandon.Token).ConfigureAwait(false);
            await Task.WhenAll(output, error).WaitAsync(abandon.Token).ConfigureAwait(false);
            // Ctrl+C on a terminal reaches the tool as well, and perhaps sooner than our own token.
            if (process.ExitCode == EndedBySigint)
                await Task.Delay(TimeSpan.FromSeconds(1), ct).ConfigureAwait(false);
            ct.ThrowIfCancellationRequested();
            return new ToolOutput(process.ExitCode, await output.WaitAsync(ct).ConfigureAwait(false), await error.WaitAsync(ct).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            await KillAsync(process).ConfigureAwait(false);
            throw;
        }
    }

    private void Start(Process process)
    {
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new HypervisorException("HypervisorUnavailable", Name, $"{Name} cannot be started ({e.Message}). {whence}", e);
        }
    }

    private static async Task FeedAsync(Process process, string input, CancellationToken ct)
    {
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), ct).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It closed its input without reading all of it: its exit status and its own words say why.
        }
    }

    private static async Task KillAsync(Process process)
    {
        process.Kill(entireProcessTree: true);
        // A process in an uninterruptible wait would hold us up for as long.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
