using System.Collections.Concurrent;

namespace ImageFabric.Store;

/// <summary>
/// Large buffers of one length, kept for the next who needs one. The shared pool keeps some for every thread that ever returned one, which for
/// buffers of megabytes is most of a process's memory; here there are never more than were in use at once.
/// </summary>
internal sealed class BufferPool(int length)
{
    private readonly ConcurrentBag<byte[]> idle = [];

    /// <summary>Length of every buffer, in bytes.</summary>
    public int Length => length;

    public byte[] Rent() => idle.TryTake(out byte[]? buffer) ? buffer : GC.AllocateUninitializedArray<byte>(length);

    public void Return(byte[] buffer) => idle.Add(buffer);
}
