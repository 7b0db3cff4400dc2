using System.Text;
using System.Threading.Channels;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Serve;

/// <summary>The lines of standard input. Its end is how the caller says that nobody waits for the answer any more.</summary>
internal sealed class RequestInput
{
    private readonly Channel<string> lines = Channel.CreateBounded<string>(16);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RequestInput(Stream stream)
    {
        // A read of a console or pipe cannot be called off: it has a thread of its own, which does not keep the process alive.
        var reading = new Thread(() => Read(stream)) { IsBackground = true, Name = "standard input" };
        reading.Start();
    }

    /// <summary>Completes when the input ended.</summary>
    public Task Ended => ended.Task;

    public static RequestInput Start(Stream stream) => new(stream);

    /// <summary>The lines that follow.</summary>
    public IAsyncEnumerable<string> ReadLinesAsync(CancellationToken cancellationToken) => lines.Reader.ReadAllAsync(cancellationToken);

    /// <summary>The next line, or null at the end.</summary>
    public async Task<string?> ReadLineAsync(CancellationToken cancellationToken) =>
        await lines.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && lines.Reader.TryRead(out string? line) ? line : null;

    private void Read(Stream stream)
    {
        Exception? failure = null;
        try
        {
            // A byte order mark of UTF-8 is passed over; those of other encodings are no UTF-8.
            using var reader = new StreamReader(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
            while (ReadLine(reader) is { } line)
            {
                while (!lines.Writer.TryWrite(line))
                {
                    if (!lines.Writer.WaitToWriteAsync().AsTask().GetAwaiter().GetResult())
                        return;
                }
            }
        }
        catch (DecoderFallbackException malformed)
        {
            failure = new OperationException("InvalidRequest", null, $"Standard input is not UTF-8: {malformed.Message}", malformed);
        }
        catch (Exception broken) when (broken is IOException or OperationException)
        {
            failure = broken;
        }
        finally
        {
            lines.Writer.TryComplete(failure);
            ended.TrySetResult();
        }
    }

    private static string? ReadLine(StreamReader reader)
    {
        var line = new StringBuilder();
        for (int next = reader.Read(); next >= 0; next = reader.Read())
        {
            if (next == '\n')
                return line.ToString();
            if (line.Append((char)next).Length > ProtocolJson.MaximumLineLength)
                throw new OperationException("InvalidRequest", null, $"A line is longer than {ProtocolJson.MaximumLineLength} characters.");
        }

        return line.Length > 0 ? line.ToString() : null;
    }
}
