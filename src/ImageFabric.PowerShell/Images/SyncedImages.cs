using System;
using System.Collections.Generic;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>The images that one command brings to hosts: each is resolved once, and granted to all hosts by one engine.</summary>
internal sealed class SyncedImages(LocalEngine engine) : IDisposable
{
    private readonly Dictionary<(string Image, string? Store, string? Directory, string? Format), ImageSync> _syncs = [];

    /// <summary>The sync of one image.</summary>
    public ImageSync For(string image, StoreSelection store, ImageSyncOptions options)
    {
        var key = (image, store.Name, options.ImageDirectory, options.Format);
        lock (_syncs)
        {
            if (!_syncs.TryGetValue(key, out ImageSync? sync))
                _syncs[key] = sync = new ImageSync(engine, store.Location, image, options);
            return sync;
        }
    }

    /// <summary>Ends the engines that grant.</summary>
    public void Dispose()
    {
        lock (_syncs)
        {
            foreach (ImageSync sync in _syncs.Values)
                sync.Dispose();
            _syncs.Clear();
        }
    }
}
