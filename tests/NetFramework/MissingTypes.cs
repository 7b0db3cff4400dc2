using System.Net;

// By these names the tests find the types of .NET in other namespaces.
namespace ImageFabric.Fleet.Tests;

[Flags]
internal enum UnixFileMode
{
    UserExecute = 64,
    UserWrite = 128,
    UserRead = 256,
}

/// <summary>One that can be disposed of.</summary>
internal sealed class TcpListener(IPAddress address, int port) : System.Net.Sockets.TcpListener(address, port), IDisposable
{
    public void Dispose() => Stop();
}

internal sealed class TaskCompletionSource(TaskCreationOptions options) : TaskCompletionSource<bool>(options)
{
    public bool TrySetResult() => TrySetResult(true);
}

internal sealed class Lock;
