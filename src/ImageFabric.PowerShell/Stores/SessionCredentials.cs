using System.Collections.Concurrent;
using System.Management.Automation;

namespace ImageFabric.PowerShell;

/// <summary>
/// Credentials that were given to <c>Register-VmImageStore</c>: in this process's memory, never in a file. All runspaces of the process share
/// them, so that they also serve <c>ForEach-Object -Parallel</c> and thread jobs.
/// </summary>
internal static class SessionCredentials
{
    private static readonly ConcurrentDictionary<string, PSCredential> ByStore = new(StoreName.Comparer);

    public static PSCredential? Find(string store) => ByStore.TryGetValue(store, out PSCredential? credential) ? credential : null;

    public static void Set(string store, PSCredential? credential)
    {
        if (credential is null)
            ByStore.TryRemove(store, out _);
        else
            ByStore[store] = credential;
    }
}
