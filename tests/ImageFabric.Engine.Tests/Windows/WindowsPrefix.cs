using System.Diagnostics;
using ImageFabric.Engine.Tests.Hosts;
using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.Windows;

/// <summary>A Windows as far as Wine is one, with the engine for Windows in it as it ships; made once for the tests of a collection.</summary>
public sealed class WindowsPrefix : IAsyncLifetime
{
    internal const string Wine = "/usr/lib/wine/wine64";

    internal static readonly string Engine = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(EngineProgram.Path)!, "..", "win-x64", "imagefabric.exe"));

    private readonly string directory = Directory.CreateTempSubdirectory("imagefabric-wine-").FullName;

    /// <summary>Why there is no Windows; null when there is.</summary>
    internal static string? WhyNot { get; } =
        EngineProgram.WhyNot
        ?? (File.Exists(Wine) ? null : "wine64 is not installed")
        ?? (File.Exists(Engine) ? null : $"there is no engine at {Engine}: ./build.sh package");

    /// <summary>Drive C:.</summary>
    internal string Drive => Path.Combine(Prefix, "drive_c");

    private string Prefix => Path.Combine(directory, "prefix");

    /// <summary>Where a path of Windows on drive C: is.</summary>
    internal string this[string path] => Path.Combine(Drive, path[@"C:\".Length..].Replace('\\', '/'));

    /// <summary>Starts the engine; its standard input stays open.</summary>
    internal Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Wine, [@"C:\engine\imagefabric.exe", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Drive,
        };
        foreach ((string name, string value) in Variables())
            start.Environment[name] = value;
        start.Environment.Remove("IMAGEFABRIC_ENGINE");
        start.Environment.Remove("IMAGEFABRIC_STORE");
        start.Environment.Remove("IMAGEFABRIC_ENDPOINT");
        return Process.Start(start)!;
    }

    /// <summary>Runs the engine to its end.</summary>
    internal async Task<EngineAnswer> RunAsync(params string[] arguments)
    {
        using Process process = Start(arguments);
        process.StandardInput.Close();
        return await FinishAsync(process);
    }

    /// <summary>Waits for the end of the engine.</summary>
    internal static async Task<EngineAnswer> FinishAsync(Process process)
    {
        using var patience = new CancellationTokenSource(EngineProgram.Patience);
        Task<string> error = process.StandardError.ReadToEndAsync(patience.Token);
        string output = await process.StandardOutput.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return new EngineAnswer(process.ExitCode, output, await error);
    }

    /// <summary>A file of /proc; empty when its process ended meanwhile.</summary>
    internal static string ReadOrEmpty(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
            return "";
        }
    }

    public async Task InitializeAsync()
    {
        if (WhyNot is not null)
            return;
        string template = (await Tool.RunAsync(Path.Combine(Repository.Root, "tests", "testbed", "windows", "prefix.sh"))).Trim();
        await Tool.RunAsync("cp", "-a", template, Prefix);
        Directory.CreateDirectory(this[@"C:\engine"]);
        File.Copy(Engine, this[@"C:\engine\imagefabric.exe"]);
    }

    public async Task DisposeAsync()
    {
        if (Directory.Exists(Prefix))
        {
            // The processes of this prefix, and of no other.
            using Process end = Process.Start(new ProcessStartInfo("env", [.. Variables().Select(v => $"{v.Key}={v.Value}"), "/usr/lib/wine/wineserver64", "-k", "-w"]))!;
            await end.WaitForExitAsync();
        }

        await Tool.RunAsync("rm", "-rf", directory);
    }

    private Dictionary<string, string> Variables() => new()
    {
        ["WINEPREFIX"] = Prefix,
        ["WINEDEBUG"] = "-all",
        // A program that is killed leaves Wine's temporary files.
        ["TMPDIR"] = directory,
        // Wine maps memory twice in a way that .NET does not survive.
        ["DOTNET_EnableWriteXorExecute"] = "0",
    };
}

/// <summary>Tests in one Windows.</summary>
[CollectionDefinition(Name)]
public sealed class WindowsCollection : ICollectionFixture<WindowsPrefix>
{
    public const string Name = "windows";
}

/// <summary>A test of the engine for Windows under Wine; skipped, and shown as such, where either is missing.</summary>
public sealed class WindowsFactAttribute : FactAttribute
{
    public WindowsFactAttribute() => Skip = Requirements.First(WindowsPrefix.WhyNot, Requirements.QemuImg);
}
