using System.Runtime.InteropServices;
using System.Text;

namespace ImageFabric.Engine.Output;

/// <summary>
/// The program's standard output and error. What cannot be written any more (a full disk, a closed pipe) is dropped, and <see cref="Fault"/> says so at the end:
/// the work itself goes on, since its result is in the store or on the host, not in what is said of it.
/// </summary>
internal sealed class StandardOutput : Stream
{
    private const int GetDescriptorFlags = 1;
    private const int CloseOnExec = 1;

    private readonly Stream target;

    private StandardOutput(int descriptor, Func<Stream> open)
    {
        target = Null;
        if (!OperatingSystem.IsWindows() && Control(descriptor, GetDescriptorFlags) is -1 or CloseOnExec)
            Fault = new IOException("It was closed when the program was started.");
        else
            target = open();
    }

    /// <summary>Standard output.</summary>
    public static StandardOutput Stream { get; } = new(1, Console.OpenStandardOutput);

    /// <summary>Why something was dropped. Null: nothing was.</summary>
    public Exception? Fault { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Has everything that writes to the console go this way.</summary>
    public static void TakeConsole()
    {
        Console.SetOut(Writer(Stream));
        Console.SetError(Writer(new StandardOutput(2, Console.OpenStandardError)));
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (Fault is not null)
            return;
        try
        {
            target.Write(buffer);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Fault = fault;
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
        // Each write goes to the system at once.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    // A descriptor that was inherited is open and stays so in programs that are started. One that was closed is free, or it has become a file of the
    // runtime's own, which must not be written to.
    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static extern int Control(int descriptor, int command);

    private static TextWriter Writer(Stream stream) =>
        TextWriter.Synchronized(new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });
}
