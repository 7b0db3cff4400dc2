using System.Globalization;
using System.Text.Json;

namespace ImageFabric.Hypervisors.Tools;

/// <summary>qemu-img: makes the disks of machines.</summary>
/// <param name="program">Name on the PATH, or path.</param>
internal sealed class QemuImg(string program = "qemu-img")
{
    private readonly ExternalTool _tool = new(program, "On Debian the package qemu-utils brings it.");

    /// <summary>Makes a qcow2 file that holds only its differences from a backing file.</summary>
    /// <param name="path">The file to make.</param>
    /// <param name="backing">The backing file, absolute.</param>
    /// <param name="backingFormat">Its format, written into the overlay so that nobody ever guesses it from the guest's own data.</param>
    /// <param name="size">Size of the disk in bytes.</param>
    /// <param name="ct">Stops the work.</param>
    public Task CreateOverlayAsync(string path, string backing, string backingFormat, long size, CancellationToken ct) =>
        RunAsync(path, ["create", "-q", "-f", "qcow2", "-b", backing, "-F", backingFormat, path, Bytes(size)], ct);

    /// <summary>Copies a disk into a qcow2 file that stands alone; by reflink where the file system can (<c>-C</c>), sparse either way.</summary>
    /// <param name="source">The disk to copy, absolute.</param>
    /// <param name="sourceFormat">Its format.</param>
    /// <param name="path">The file to make.</param>
    /// <param name="ct">Stops the work.</param>
    public Task CopyAsync(string source, string sourceFormat, string path, CancellationToken ct) =>
        RunAsync(path, ["convert", "-q", "-C", "-t", "writeback", "-f", sourceFormat, "-O", "qcow2", source, path], ct);

    /// <summary>Grows a qcow2 disk.</summary>
    /// <param name="path">The disk.</param>
    /// <param name="size">Its new size in bytes.</param>
    /// <param name="ct">Stops the work.</param>
    public Task GrowAsync(string path, long size, CancellationToken ct) =>
        RunAsync(path, ["resize", "-q", "-f", "qcow2", path, Bytes(size)], ct);

    /// <summary>A disk's file and all that it is based on, from the top down; absolute where qemu-img knows the directory.</summary>
    /// <param name="path">The disk, absolute. It may be in use.</param>
    /// <param name="format">Its format, never guessed from the guest's own data.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="HypervisorException"><c>HypervisorFailed</c>: the chain cannot be followed to its end.</exception>
    public async Task<IReadOnlyList<string>> ChainAsync(string path, string format, CancellationToken ct)
    {
        string json = await RunAsync(path, ["info", "-U", "--backing-chain", "--output=json", "-f", format, path], ct).ConfigureAwait(false);
        using JsonDocument chain = JsonDocument.Parse(json);
        var files = new List<string>();
        foreach (JsonElement image in chain.RootElement.EnumerateArray())
        {
            if (image.TryGetProperty("filename", out JsonElement file) && file.GetString() is { } name)
                files.Add(name);
        }

        return files;
    }

    /// <summary>Its version, for example <c>7.2.22</c>.</summary>
    public async Task<string> VersionAsync(CancellationToken ct)
    {
        string text = await RunAsync(_tool.Name, ["--version"], ct).ConfigureAwait(false);
        string[] words = text.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int at = Array.IndexOf(words, "version");
        return at >= 0 && at + 1 < words.Length ? words[at + 1] : "unknown";
    }

    private static string Bytes(long size) => size.ToString(CultureInfo.InvariantCulture);

    private async Task<string> RunAsync(string target, string[] arguments, CancellationToken ct)
    {
        ToolOutput output = await _tool.RunAsync(arguments, input: "", grace: TimeSpan.Zero, ct).ConfigureAwait(false);
        if (output.ExitCode == 0)
            return output.Output;
        string id = output.Error.Contains("No space left on device", StringComparison.Ordinal) ? "HostDiskFull" : "HypervisorFailed";
        throw new HypervisorException(id, target, $"{_tool.Name} {arguments[0]}: {output.Complaint($"{_tool.Name}: ")}");
    }
}
