using System;
using System.Collections.Concurrent;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// The lines of a program's output, read on a thread of its own: reading a pipe blocks a thread on .NET Framework, and the thread pool
/// starts too few for many hosts. Holds at most a few lines; then the program has to wait.
/// </summary>
internal sealed class OutputLines
{
    private const int LinesAhead = 64;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly Stream _stream;
    private readonly string _target;
    private readonly int _maximumLength;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _waiting = new(0);
    private readonly SemaphoreSlim _room = new(LinesAhead);
    private readonly CancellationTokenSource _discarding = new();
    private volatile Exception? _failure;

    public OutputLines(Stream stream, string target, int maximumLength = ProtocolJson.MaximumLineLength)
    {
        _stream = stream;
        _target = target;
        _maximumLength = maximumLength;
        new Thread(Pump) { IsBackground = true, Name = "ImageFabric engine output" }.Start();
    }

    /// <summary>The next line without its end; null after the last.</summary>
    /// <exception cref="FleetException"><c>EngineFailed</c>: a line is longer than the limit, or the output cannot be read.</exception>
    public async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        await _waiting.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_lines.TryDequeue(out string? line))
        {
            _room.Release();
            return line;
        }

        // The end stays the end, however often it is asked for.
        _waiting.Release();
        return _failure is null ? null : throw new FleetException("EngineFailed", _target, $"The engine's output cannot be read: {_failure.Message}", _failure);
    }

    /// <summary>From now on lines are read and dropped, so that the program never waits for a reader.</summary>
    public void Discard() => _discarding.Cancel();

    private void Pump()
    {
        try
        {
            var line = new MemoryStream();
            byte[] buffer = new byte[4 * 1024];
            for (int read; (read = _stream.Read(buffer, 0, buffer.Length)) > 0;)
                Split(buffer, read, line);
            if (line.Length > 0)
                Add(line);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidDataException)
        {
            _failure = e;
            _stream.Dispose();
        }

        _waiting.Release();
    }

    private void Split(byte[] buffer, int count, MemoryStream line)
    {
        for (int start = 0; start < count;)
        {
            int end = Array.IndexOf(buffer, (byte)'\n', start, count - start);
            int length = (end < 0 ? count : end) - start;
            if (line.Length + length > _maximumLength)
                throw new InvalidDataException($"A line of output is longer than {_maximumLength} bytes.");
            line.Write(buffer, start, length);
            if (end < 0)
                return;
            Add(line);
            start = end + 1;
        }
    }

    private void Add(MemoryStream line)
    {
        string text = Utf8.GetString(line.GetBuffer(), 0, (int)line.Length).TrimEnd('\r');
        line.SetLength(0);
        try
        {
            _room.Wait(_discarding.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        _lines.Enqueue(text);
        _waiting.Release();
    }
}
