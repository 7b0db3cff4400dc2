using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Runtime.Serialization;
using System.Text;
using System.Threading;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>
/// The user's registered stores, in one small file of their own: <c>$XDG_CONFIG_HOME/imagefabric/stores.json</c>, by default under
/// <c>~/.config</c>; <c>%APPDATA%\ImageFabric\stores.json</c> on Windows. It holds no secret, is readable by its owner only, and is replaced
/// whole: a reader sees the old list or the new one.
/// </summary>
internal sealed class StoreRegistry
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);

    private readonly string _file;

    private StoreRegistry(string file) => _file = file;

    /// <summary>The registry of the user who runs this process.</summary>
    public static StoreRegistry OfUser() => new(Path.Combine(UserDirectory(), "stores.json"));

    /// <summary>All registered stores, by name.</summary>
    /// <exception cref="FleetException"><c>StoreRegistryUnusable</c>.</exception>
    public IReadOnlyList<StoreRegistration> Read()
    {
        try
        {
            if (!File.Exists(_file))
                return [];
            StoreRegistrations content = ProtocolJson.Deserialize<StoreRegistrations>(File.ReadAllText(_file));
            return [.. (content.Stores ?? []).OrderBy(s => s.Name, StoreName.Comparer)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SerializationException)
        {
            throw Unusable(e);
        }
    }

    /// <summary>The store of that name, or null.</summary>
    public StoreRegistration? Find(string name) => Read().FirstOrDefault(s => StoreName.Comparer.Equals(s.Name, name));

    /// <summary>The store that is used when none is named, or null.</summary>
    public StoreRegistration? Default() => Read().FirstOrDefault(s => s.IsDefault);

    /// <summary>Adds a store, in place of one of the same name, whose role as the default it keeps. A default takes that role from the one before.</summary>
    public void Put(StoreRegistration store) => Change(stores =>
    {
        store.IsDefault |= stores.Any(s => s.IsDefault && StoreName.Comparer.Equals(s.Name, store.Name));
        stores.RemoveAll(s => StoreName.Comparer.Equals(s.Name, store.Name));
        if (store.IsDefault)
            stores.ForEach(static s => s.IsDefault = false);
        stores.Add(store);
    });

    /// <summary>Takes a store out of the list. What is in the store stays.</summary>
    public void Remove(string name) => Change(stores => stores.RemoveAll(s => StoreName.Comparer.Equals(s.Name, name)));

    private static string UserDirectory()
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "ImageFabric");

        // The XDG base directory specification: a path that is not absolute is to be ignored.
        string? configured = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME");
        string root = configured is { Length: > 0 } && Path.IsPathRooted(configured)
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");
        return Path.Combine(root, "imagefabric");
    }

    private void Change(Action<List<StoreRegistration>> change)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
            using FileStream exclusive = Lock();
            List<StoreRegistration> stores = [.. Read()];
            change(stores);
            PrivateFile.Replace(_file, Encoding.UTF8.GetBytes(ProtocolJson.Serialize(new StoreRegistrations { Stores = [.. stores] })));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(e);
        }
    }

    // Two sessions that register at the same moment must not lose one of the two.
    private FileStream Lock()
    {
        DateTime giveUp = DateTime.UtcNow + LockPatience;
        while (true)
        {
            try
            {
                return new FileStream(_file + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (DateTime.UtcNow < giveUp)
            {
                Thread.Sleep(20);
            }
        }
    }

    private FleetException Unusable(Exception e) =>
        new("StoreRegistryUnusable", _file, $"The list of registered stores in {_file} cannot be used: {e.Message}", e);
}
