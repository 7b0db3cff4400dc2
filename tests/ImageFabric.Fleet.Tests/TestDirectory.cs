using System.Diagnostics;

namespace ImageFabric.Fleet.Tests;

/// <summary>A directory of a test's own, with programs written for it.</summary>
internal sealed class TestDirectory : IDisposable
{
    public TestDirectory() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "imagefabric-fleet-" + Guid.NewGuid().ToString("N"));

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a shell script that can be run. <c>$HERE</c> in it is this directory.</summary>
    public string Script(string name, string body)
    {
        string path = this[name];
        File.WriteAllText(path + ".text", $"#!/bin/sh\nHERE='{Path}'\n{body}\n");

        // Not written here: a program that another test starts at this moment would hold the file open, and a file open for writing cannot be executed.
        using (Process copy = Process.Start("cp", $"{path}.text {path}"))
            copy.WaitForExit();
        SetMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    public static void SetMode(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException();
        File.SetUnixFileMode(path, mode);
    }

    /// <summary>An engine that plays a script after it has read its request into <c>$request</c>.</summary>
    public LocalEngine Engine(string body) => new(Script("engine", "read -r request\n" + body));

    /// <summary>Waits until a program has written a file whole.</summary>
    public async Task<string> FileAsync(string name)
    {
        for (int i = 0; i < 3000; i++)
        {
            if (File.Exists(this[name]) && await File.ReadAllTextAsync(this[name]) is { Length: > 0 } text && text.EndsWith('\n'))
                return text.TrimEnd('\n');
            await Task.Delay(10);
        }

        throw new TimeoutException($"No program wrote {name}.");
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
