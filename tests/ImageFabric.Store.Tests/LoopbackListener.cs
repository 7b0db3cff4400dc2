using System.Net;

namespace ImageFabric.Store.Tests;

/// <summary>Starts web servers of tests on a loopback port that is nobody's.</summary>
internal static class LoopbackListener
{
    public static (HttpListener Listener, Uri Address) Start()
    {
        while (true)
        {
            var address = new Uri($"http://127.0.0.1:{Random.Shared.Next(20_000, 60_000)}/");
            var listener = new HttpListener();
            listener.Prefixes.Add(address.AbsoluteUri);
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException)
            {
                // The port is somebody else's: another, and another listener, since one that could not start is of no more use.
                listener.Close();
            }
        }
    }
}
