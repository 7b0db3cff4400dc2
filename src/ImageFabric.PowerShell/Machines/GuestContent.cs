using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Text;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What a guest is told, as bytes.</summary>
internal sealed class GuestContent(byte[]? userData, byte[]? networkConfig, byte[]? unattend)
{
    public byte[]? UserData { get; } = userData;

    public byte[]? NetworkConfig { get; } = networkConfig;

    public byte[]? Unattend { get; } = unattend;

    /// <summary>On the pipeline's thread: the bytes that a parameter, or the one for a path beside it, means. Null: neither was given.</summary>
    /// <param name="cmdlet">Whose location relative paths are seen from.</param>
    /// <param name="parameter">Name of the parameter for content; the one for a path is called the same with Path at its end.</param>
    /// <param name="content">A text, its lines, bytes or a file.</param>
    /// <param name="path">A file's path.</param>
    /// <exception cref="FleetException"><c>InvalidRequest</c>, <c>FileNotFound</c>, <c>FileUnreadable</c>.</exception>
    public static byte[]? Read(PSCmdlet cmdlet, string parameter, object? content, string? path)
    {
        object? given = Unwrap(content);
        if (given is not null && path is not null)
            throw Invalid(parameter, $"-{parameter} and -{parameter}Path exclude each other.");
        byte[]? bytes = path is not null ? ReadFile(ImagePath.ResolveOne(cmdlet, path)) : given switch
        {
            null => null,
            byte[] whole => whole,
            FileInfo file => ReadFile(file.FullName),
            string text => Encoding.UTF8.GetBytes(text),
            IEnumerable items => Join(parameter, [.. items.Cast<object?>().Select(Unwrap)]),
            _ => throw Invalid(parameter, $"-{parameter} takes a text, its lines, bytes or a file, not {given.GetType().FullName}."),
        };
        return bytes?.Length > VmCreateRequest.LongestGuestFile
            ? throw Invalid(parameter, $"-{parameter} has {bytes.Length} bytes; at most {VmCreateRequest.LongestGuestFile} can be told to a guest.")
            : bytes;
    }

    private static byte[]? Join(string parameter, IReadOnlyList<object?> items)
    {
        if (items.Count == 0)
            return null;
        if (items.All(static item => item is string))
            return Encoding.UTF8.GetBytes(string.Join("\n", items));
        if (items.All(static item => item is byte))
            return [.. items.Select(static item => (byte)item!)];
        if (items.Count == 1 && items[0] is FileInfo only)
            return ReadFile(only.FullName);
        object? other = items.First(static item => item is not string);
        throw Invalid(parameter, $"-{parameter} takes a text, its lines, bytes or one file, not {other?.GetType().FullName ?? "null"} among {items.Count} values.");
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (file.CanSeek && file.Length > VmCreateRequest.LongestGuestFile)
                throw new FleetException("InvalidRequest", path, $"{path} has {file.Length} bytes; at most {VmCreateRequest.LongestGuestFile} can be told to a guest.");
            using var content = new MemoryStream();
            file.CopyTo(content);
            return content.ToArray();
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FleetException("FileNotFound", path, $"There is no file {path}.", missing);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new FleetException("FileUnreadable", path, $"{path} cannot be read: {unreadable.Message}", unreadable);
        }
    }

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static FleetException Invalid(string parameter, string message) => new("InvalidRequest", parameter, message);
}
