using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Support;

/// <summary>The program as it ships, running as a process of its own.</summary>
internal sealed partial class EngineProgram : IAsyncDisposable
{
    /// <summary>How long anything may take before it counts as hanging.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly string Built = System.IO.Path.Combine(Repository.Root, "out", "engine", "linux-x64", "imagefabric");

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();
    private readonly Channel<string> lines = Channel.CreateUnbounded<string>();
    private readonly Task<EngineAnswer> finished;

    private EngineProgram(ProcessStartInfo start)
    {
        process = Process.Start(start)!;
        finished = FinishAsync();
    }

    /// <summary>The program: <c>IMAGEFABRIC_ENGINE</c>, otherwise what <c>./build.sh engine</c> made.</summary>
    public static string Path { get; } = Environment.GetEnvironmentVariable("IMAGEFABRIC_ENGINE") is { Length: > 0 } given ? given : Built;

    /// <summary>Why there is no program to test; null when there is.</summary>
    public static string? WhyNot { get; } = !OperatingSystem.IsLinux() ? "needs Linux" : File.Exists(Path) ? null : $"there is no engine at {Path}: ./build.sh engine";

    /// <summary>Its process id.</summary>
    public int Id => process.Id;

    /// <summary>What the program reads.</summary>
    public StreamWriter Input => process.StandardInput;

    /// <summary>The most memory it ever had resident, in bytes, as far as the kernel still says so.</summary>
    public long PeakMemory { get; private set; }

    /// <summary>Starts it. Standard input stays open until <see cref="Input"/> is closed.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">Variables to set, or with a null value to take away.</param>
    public static EngineProgram Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(Path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };

        // What a developer has set for daily use is not meant for tests.
        start.Environment.Remove("IMAGEFABRIC_STORE");
        start.Environment.Remove("IMAGEFABRIC_ENDPOINT");
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        return new EngineProgram(start);
    }

    /// <summary>Runs it to its end.</summary>
    public static Task<EngineAnswer> RunAsync(params string[] arguments) => RunAsync(arguments, environment: null);

    /// <summary>Runs it to its end.</summary>
    public static async Task<EngineAnswer> RunAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment)
    {
        await using EngineProgram program = Start(arguments, environment);
        return await program.FinishedAsync();
    }

    /// <summary>Runs one request of the engine protocol to its end.</summary>
    public static async Task<EngineAnswer> ServeAsync(string request)
    {
        await using EngineProgram program = Start(["serve"]);
        await program.Input.WriteLineAsync(request);
        await program.Input.FlushAsync();
        return await program.FinishedAsync();
    }

    /// <summary>True when it has ended.</summary>
    public bool HasEnded => process.HasExited;

    /// <summary>Waits for its end.</summary>
    public Task<EngineAnswer> FinishedAsync() => finished.WaitAsync(Patience);

    /// <summary>The next line of standard output that fits, or null at the end of it.</summary>
    public async Task<string?> NextLineAsync(Func<string, bool> fits)
    {
        using var patience = new CancellationTokenSource(Patience);
        await foreach (string line in lines.Reader.ReadAllAsync(patience.Token))
        {
            if (fits(line))
                return line;
        }

        return null;
    }

    /// <summary>The next event of a type on standard output.</summary>
    public async Task<T> NextEventAsync<T>(string type)
        where T : EngineEvent
    {
        string? line = await NextLineAsync(text => ProtocolJson.Deserialize<EngineEvent>(text).Type == type);
        return ProtocolJson.Deserialize<T>(line ?? throw new EndOfStreamException($"no {type} line; {error}"));
    }

    /// <summary>Waits until it says that so many bytes are in place.</summary>
    public async Task ReachAsync(long bytes)
    {
        while ((await NextEventAsync<ProgressEvent>(EngineEvent.ProgressType)).BytesDone < bytes)
        {
            // Not yet.
        }
    }

    /// <summary>kill -9.</summary>
    public void Kill() => process.Kill();

    /// <summary>Sends a signal, such as that of Ctrl+C.</summary>
    public void Send(Signal signal) => Assert.Equal(0, SendSignal(process.Id, (int)signal));

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await finished.WaitAsync(Patience);
        process.Dispose();
    }

    private async Task<EngineAnswer> FinishAsync()
    {
        Task reading = Task.WhenAll(ReadOutputAsync(), ReadErrorAsync());
        while (!process.HasExited)
        {
            process.Refresh();
            try
            {
                PeakMemory = Math.Max(PeakMemory, process.PeakWorkingSet64);
            }
            catch (InvalidOperationException) when (process.HasExited)
            {
                break;
            }

            using var pause = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
            await process.WaitForExitAsync(pause.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await process.WaitForExitAsync();
        await reading;
        return new EngineAnswer(process.ExitCode, output.ToString(), error.ToString());
    }

    private async Task ReadOutputAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            output.Append(line).Append('\n');
            lines.Writer.TryWrite(line);
        }

        lines.Writer.Complete();
    }

    private async Task ReadErrorAsync()
    {
        while (await process.StandardError.ReadLineAsync() is { } line)
            error.Append(line).Append('\n');
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
