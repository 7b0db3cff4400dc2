using System.Runtime.InteropServices;

namespace ImageFabric.Disks.Wrapped;

/// <summary>Decompresses an .xz file ("The .xz File Format", version 1.2) by the system's liblzma, within a limit of memory.</summary>
internal sealed class XzStream : ForwardStream
{
    // xz -9 needs 65 MiB to decompress; what asks for more was made to.
    private const ulong MemoryLimit = 128 << 20;
    private const int InputLength = 1 << 16;

    private readonly Stream source;
    private readonly byte[] input = GC.AllocateUninitializedArray<byte>(InputLength, pinned: true);
    private unsafe LzmaLibrary.Stream* state;
    private int inputStart;
    private int inputEnd;
    private bool inputEnded;
    private bool ended;

    public unsafe XzStream(Stream source)
    {
        this.source = source;
        state = (LzmaLibrary.Stream*)NativeMemory.AllocZeroed((nuint)sizeof(LzmaLibrary.Stream));
        if (LzmaLibrary.OpenDecoder(state, MemoryLimit, LzmaLibrary.Concatenated) != LzmaLibrary.Ok)
        {
            Release();
            throw new OutOfMemoryException("liblzma could not allocate a decoder.");
        }
    }

    /// <exception cref="InvalidDataException">The file is damaged, ends early, or needs more memory than it should.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!ended && !buffer.IsEmpty)
        {
            if (inputStart == inputEnd && !inputEnded)
            {
                (inputStart, inputEnd) = (0, await source.ReadAsync(input, cancellationToken).ConfigureAwait(false));
                inputEnded = inputEnd == 0;
            }

            int count = Code(buffer.Span);
            if (count > 0)
                return count;
        }

        return 0;
    }

    protected override unsafe void Dispose(bool disposing)
    {
        if (state is not null)
        {
            LzmaLibrary.End(state);
            Release();
        }

        base.Dispose(disposing);
    }

    private unsafe int Code(Span<byte> output)
    {
        ObjectDisposedException.ThrowIf(state is null, this);
        fixed (byte* from = input, to = output)
        {
            state->NextIn = from + inputStart;
            state->AvailableIn = (nuint)(inputEnd - inputStart);
            state->NextOut = to;
            state->AvailableOut = (nuint)output.Length;
            int result = LzmaLibrary.Code(state, inputEnded ? LzmaLibrary.Finish : LzmaLibrary.Run);
            inputStart = inputEnd - (int)state->AvailableIn;
            ended = result == LzmaLibrary.StreamEnd;
            if (result is not (LzmaLibrary.Ok or LzmaLibrary.StreamEnd))
            {
                throw new InvalidDataException(result == LzmaLibrary.MemoryLimitError
                    ? $"it needs more than {MemoryLimit >> 20} MiB of memory to be decompressed"
                    : inputEnded ? "it ends early" : "its compressed data is damaged");
            }

            return output.Length - (int)state->AvailableOut;
        }
    }

    private unsafe void Release()
    {
        NativeMemory.Free(state);
        state = null;
    }
}
