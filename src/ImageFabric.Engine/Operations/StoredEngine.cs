using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Operations;

/// <summary>
/// The engine in the store, from where hosts take it, so that it crosses the administrator's link once and not once for each host. See
/// <c>docs/design/store-format.md</c>, "Engine".
/// </summary>
/// <param name="store">The store.</param>
/// <param name="linuxProgram">The file on this machine of the engine for Linux hosts. Null: there is none.</param>
/// <param name="windowsProgram">That of the engine for Windows hosts, likewise.</param>
internal sealed partial class StoredEngine(IObjectStore store, string? linuxProgram, string? windowsProgram)
{
    private const string WindowsKeys = "engines/win-x64/";

    private readonly HashSet<string> present = [];

    /// <summary>True for the key of an engine.</summary>
    public bool Is(string key) => EngineKey().IsMatch(key);

    /// <summary>Puts the engine into the store when it is not there.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>: the key is that of another engine.</exception>
    /// <exception cref="Store.StoreException">The store does not take it.</exception>
    public async Task EnsureAsync(string key, CancellationToken cancellationToken)
    {
        if (present.Contains(key))
            return;
        string program = (key.StartsWith(WindowsKeys, StringComparison.Ordinal) ? windowsProgram : linuxProgram)
            ?? throw new OperationException("InvalidRequest", key, "There is no such engine for hosts here.");
        if (await store.StatAsync(key, cancellationToken).ConfigureAwait(false) is null)
            await store.PutAsync(key, await CompressAsync(key, program, cancellationToken).ConfigureAwait(false), PutMode.CreateOnly, cancellationToken).ConfigureAwait(false);
        present.Add(key);
    }

    private static async Task<byte[]> CompressAsync(string key, string program, CancellationToken cancellationToken)
    {
        try
        {
            await using FileStream file = File.OpenRead(program);
            string digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false));
            if (!key.EndsWith(digest, StringComparison.Ordinal))
                throw new OperationException("InvalidRequest", key, $"The engine here is {digest}, not {key}.");
            file.Position = 0;
            using var compressed = new MemoryStream();
            await using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
                await file.CopyToAsync(gzip, cancellationToken).ConfigureAwait(false);
            return compressed.ToArray();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new OperationException("FileUnreadable", program, $"The engine cannot be read: {unreadable.Message}", unreadable);
        }
    }

    [GeneratedRegex(@"\Aengines/[a-z0-9-]{1,32}/[0-9a-f]{64}\z")]
    private static partial Regex EngineKey();
}
