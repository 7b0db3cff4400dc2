using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>The last 4 KiB of what a program wrote to standard error.</summary>
internal sealed class OutputTail
{
    private const int Capacity = 4096;
    private const int LastLines = 4;

    private readonly Stream _stream;
    private readonly byte[] _tail = new byte[Capacity];
    private readonly TaskCompletionSource<bool> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _length;

    public OutputTail(Stream stream)
    {
        _stream = stream;
        new Thread(Pump) { IsBackground = true, Name = "ImageFabric engine diagnostics" }.Start();
    }

    /// <summary>Completes when the program has closed its standard error.</summary>
    public Task Ended => _ended.Task;

    /// <summary>What is kept so far. Control characters are blanks: a host's words must not steer the administrator's terminal.</summary>
    public string Text
    {
        get
        {
            lock (_tail)
                return new string([.. Encoding.UTF8.GetString(_tail, 0, _length).Select(c => char.IsControl(c) && c != '\n' ? ' ' : c)]);
        }
    }

    /// <summary>The last lines as the end of a message: empty, or with a blank in front.</summary>
    public static string LastWords(string text)
    {
        string[] lines = [.. text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0)];
        return lines.Length == 0 ? "" : " " + string.Join(" ", lines.Skip(lines.Length - LastLines));
    }

    private void Pump()
    {
        byte[] buffer = new byte[Capacity];
        try
        {
            for (int read; (read = _stream.Read(buffer, 0, buffer.Length)) > 0;)
                Keep(buffer, read);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            byte[] message = Encoding.UTF8.GetBytes(e.Message);
            Keep(message, Math.Min(message.Length, Capacity));
        }

        _ended.TrySetResult(true);
    }

    private void Keep(byte[] buffer, int count)
    {
        lock (_tail)
        {
            int kept = Math.Min(_length, Capacity - count);
            Buffer.BlockCopy(_tail, _length - kept, _tail, 0, kept);
            Buffer.BlockCopy(buffer, 0, _tail, kept, count);
            _length = kept + count;
        }
    }
}
