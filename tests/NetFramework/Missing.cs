using System.Runtime.InteropServices;
using System.Text;
using ImageFabric.Fleet.Tests;

namespace ImageFabric.NetFramework;

/// <summary>What the tests call that .NET has and .NET Framework has not. The product gets none of it.</summary>
internal static class Missing
{
    extension(OperatingSystem)
    {
        public static bool IsLinux() => RuntimeInformation.IsOSPlatform(OSPlatform.Linux);

        public static bool IsWindows() => RuntimeInformation.IsOSPlatform(OSPlatform.Windows);
    }

    extension(Encoding)
    {
        public static Encoding Latin1 => Encoding.GetEncoding("iso-8859-1");
    }

    extension(Path)
    {
        /// <param name="directory">One that the file is somewhere below.</param>
        /// <param name="file">Begins with the directory.</param>
        public static string GetRelativePath(string directory, string file) => file[(directory.Length + 1)..];
    }

    extension(File)
    {
        public static Task<string> ReadAllTextAsync(string path) => Task.FromResult(File.ReadAllText(path));

        public static Task WriteAllTextAsync(string path, string text)
        {
            File.WriteAllText(path, text);
            return Task.CompletedTask;
        }

        public static void CreateSymbolicLink(string path, string target) => Check(Symlink(target, path), path);

        public static void SetUnixFileMode(string path, UnixFileMode mode) => Check(ChangeMode(path, (uint)mode), path);

        public static UnixFileMode GetUnixFileMode(string path)
        {
            using var stat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("stat", $"-c %a \"{path}\"") { UseShellExecute = false, RedirectStandardOutput = true })!;
            return (UnixFileMode)Convert.ToInt32(stat.StandardOutput.ReadToEnd().Trim(), 8);
        }
    }

    public static IEnumerable<T> Order<T>(this IEnumerable<T> items) => items.OrderBy(item => item);

    public static bool StartsWith(this string text, char first) => text.Length > 0 && text[0] == first;

    public static bool EndsWith(this string text, char last) => text.Length > 0 && text[^1] == last;

    public static string[] Split(this string text, string separator) => text.Split([separator], StringSplitOptions.None);

    public static Task<int> ReadAsync(this Stream stream, byte[] buffer, CancellationToken cancellationToken = default) =>
        stream.ReadAsync(buffer, 0, buffer.Length, cancellationToken);

    public static Task WriteAsync(this Stream stream, byte[] content) => stream.WriteAsync(content, 0, content.Length);

    public static Task CancelAsync(this CancellationTokenSource source) => Task.Run(source.Cancel);

    public static Task WaitAsync(this Task task, TimeSpan longest) => WithinAsync(task, Task.Delay(longest));

    public static Task WaitAsync(this Task task, CancellationToken cancellationToken) => WithinAsync(task, Task.Delay(Timeout.Infinite, cancellationToken));

    public static async Task<T> WaitAsync<T>(this Task<T> task, TimeSpan longest)
    {
        await WaitAsync((Task)task, longest);
        return await task;
    }

    private static async Task WithinAsync(Task task, Task end)
    {
        Task first = await Task.WhenAny(task, end);
        await first;
        if (first == end)
            throw new TimeoutException();
    }

    private static void Check(int status, string path)
    {
        if (status != 0)
            throw new IOException($"{path}: error {Marshal.GetLastWin32Error()}");
    }

    [DllImport("libc", EntryPoint = "symlink", SetLastError = true)]
    private static extern int Symlink(string target, string path);

    [DllImport("libc", EntryPoint = "chmod", SetLastError = true)]
    private static extern int ChangeMode(string path, uint mode);
}
