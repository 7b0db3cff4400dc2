using System.Runtime.InteropServices;

namespace ImageFabric.Disks.Compression;

/// <summary>
/// Zstandard frames (RFC 8878). Uses libzstd where the program came with it or the system has it, since it is half as fast again, and the managed port otherwise;
/// what either writes the other reads. An instance belongs to one thread at a time.
/// </summary>
public sealed unsafe class ZstdCodec : IDisposable
{
    /// <summary>The level used unless another is asked for.</summary>
    public const int DefaultLevel = 3;

    /// <summary>The most bytes of content and prefix together when a frame refers to a prefix: all of it is within reach.</summary>
    public const int LongestWithPrefix = 1 << PrefixWindowLog;

    private const int PrefixWindowLog = 22;

    private readonly int level;
    private readonly ZstdTuning? tuning;
    private readonly ZstdSharp.Compressor? managedCompressor;
    private readonly ZstdSharp.Decompressor? managedDecompressor;
    private ZstdSharp.Unsafe.ZSTD_CCtx_s* managedPrefixCompressor;
    private ZstdSharp.Unsafe.ZSTD_DCtx_s* managedPrefixDecompressor;
    private nint compressor;
    private nint decompressor;

    /// <summary>Makes a codec.</summary>
    /// <param name="level">Compression level, 1 to 19.</param>
    /// <param name="forceManaged">True to use the managed port even where libzstd is present.</param>
    /// <param name="tuning">What is to be another way than the level says. Null: nothing.</param>
    public ZstdCodec(int level = DefaultLevel, bool forceManaged = false, ZstdTuning? tuning = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(level, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, 19);
        this.level = level;
        this.tuning = tuning;
        if (forceManaged || !Native.Available)
        {
            managedCompressor = new ZstdSharp.Compressor(level);
            managedDecompressor = new ZstdSharp.Decompressor();
            foreach ((int parameter, int value) in tuning?.Parameters ?? [])
                managedCompressor.SetParameter((ZstdSharp.Unsafe.ZSTD_cParameter)parameter, value);
        }
        else
        {
            compressor = Native.CreateCompressor();
            decompressor = Native.CreateDecompressor();
            if (tuning is not null)
                Native.Tune(compressor, level, tuning);
        }
    }

    /// <summary>True where libzstd is used.</summary>
    public static bool NativeAvailable => Native.Available;

    /// <summary>The most bytes that compressing <paramref name="length"/> bytes can give (ZSTD_COMPRESSBOUND).</summary>
    public static int CompressBound(int length) => checked(length + (length >> 8) + (length < 128 * 1024 ? ((128 * 1024) - length) >> 11 : 0));

    /// <summary>Compresses into one frame that records its content size.</summary>
    /// <returns>The frame's length, or -1 when it does not fit into <paramref name="destination"/>.</returns>
    public int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (managedCompressor is not null)
            return managedCompressor.TryWrap(source, destination, out int written) ? written : -1;
        ObjectDisposedException.ThrowIf(compressor == 0, this);
        fixed (byte* s = source, d = destination)
        {
            nuint result = tuning is null
                ? Native.Compress(compressor, d, (nuint)destination.Length, s, (nuint)source.Length, level)
                : Native.CompressTuned(compressor, d, (nuint)destination.Length, s, (nuint)source.Length);
            return Native.IsError(result) != 0 ? -1 : (int)result;
        }
    }

    /// <summary>Decompresses one or more whole frames.</summary>
    /// <returns>The length of the content, or -1 when the input is not valid or its content does not fit into <paramref name="destination"/>.</returns>
    public int Decompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (managedDecompressor is not null)
        {
            try
            {
                return managedDecompressor.TryUnwrap(source, destination, out int written) ? written : -1;
            }
            catch (ZstdSharp.ZstdException)
            {
                return -1;
            }
        }

        ObjectDisposedException.ThrowIf(decompressor == 0, this);
        fixed (byte* s = source, d = destination)
        {
            nuint result = Native.Decompress(decompressor, d, (nuint)destination.Length, s, (nuint)source.Length);
            return Native.IsError(result) != 0 ? -1 : (int)result;
        }
    }

    /// <summary>Compresses into one frame that may refer to what stands in <paramref name="prefix"/>, and is of no use without it.</summary>
    /// <param name="source">The content, with the prefix at most <see cref="LongestWithPrefix"/> bytes.</param>
    /// <param name="prefix">What whoever decompresses has as well; its last bytes are the nearest.</param>
    /// <param name="destination">Gets the frame.</param>
    /// <returns>The frame's length, or -1 when it does not fit into <paramref name="destination"/>.</returns>
    public int Compress(ReadOnlySpan<byte> source, ReadOnlySpan<byte> prefix, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Length + prefix.Length, LongestWithPrefix, nameof(source));
        fixed (byte* s = source, p = prefix, d = destination)
        {
            if (managedCompressor is not null)
            {
                if (managedPrefixCompressor is null)
                    managedPrefixCompressor = ZstdSharp.Unsafe.Methods.ZSTD_createCCtx();
                Managed(ZstdSharp.Unsafe.Methods.ZSTD_CCtx_reset(managedPrefixCompressor, ZstdSharp.Unsafe.ZSTD_ResetDirective.ZSTD_reset_session_only));
                Managed(ZstdSharp.Unsafe.Methods.ZSTD_CCtx_setParameter(managedPrefixCompressor, ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_compressionLevel, level));
                Managed(ZstdSharp.Unsafe.Methods.ZSTD_CCtx_setParameter(managedPrefixCompressor, ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_windowLog, PrefixWindowLog));
                Managed(ZstdSharp.Unsafe.Methods.ZSTD_CCtx_refPrefix(managedPrefixCompressor, p, (nuint)prefix.Length));
                nuint written = ZstdSharp.Unsafe.Methods.ZSTD_compress2(managedPrefixCompressor, d, (nuint)destination.Length, s, (nuint)source.Length);
                return ZstdSharp.Unsafe.Methods.ZSTD_isError(written) ? -1 : (int)written;
            }

            ObjectDisposedException.ThrowIf(compressor == 0, this);
            nuint result = Native.Compress(compressor, d, (nuint)destination.Length, s, (nuint)source.Length, p, (nuint)prefix.Length, level, PrefixWindowLog);
            return Native.IsError(result) != 0 ? -1 : (int)result;
        }
    }

    /// <summary>Decompresses a frame that was compressed with the same prefix.</summary>
    /// <returns>The length of the content, or -1 when the input is not valid or its content does not fit into <paramref name="destination"/>. With another prefix the content is another.</returns>
    public int Decompress(ReadOnlySpan<byte> source, ReadOnlySpan<byte> prefix, Span<byte> destination)
    {
        fixed (byte* s = source, p = prefix, d = destination)
        {
            if (managedDecompressor is not null)
            {
                if (managedPrefixDecompressor is null)
                    managedPrefixDecompressor = ZstdSharp.Unsafe.Methods.ZSTD_createDCtx();
                Managed(ZstdSharp.Unsafe.Methods.ZSTD_DCtx_refPrefix(managedPrefixDecompressor, p, (nuint)prefix.Length));
                nuint written = ZstdSharp.Unsafe.Methods.ZSTD_decompressDCtx(managedPrefixDecompressor, d, (nuint)destination.Length, s, (nuint)source.Length);
                return ZstdSharp.Unsafe.Methods.ZSTD_isError(written) ? -1 : (int)written;
            }

            ObjectDisposedException.ThrowIf(decompressor == 0, this);
            nuint result = Native.Decompress(decompressor, d, (nuint)destination.Length, s, (nuint)source.Length, p, (nuint)prefix.Length);
            return Native.IsError(result) != 0 ? -1 : (int)result;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        managedCompressor?.Dispose();
        managedDecompressor?.Dispose();
        if (managedPrefixCompressor is not null)
            ZstdSharp.Unsafe.Methods.ZSTD_freeCCtx(managedPrefixCompressor);
        if (managedPrefixDecompressor is not null)
            ZstdSharp.Unsafe.Methods.ZSTD_freeDCtx(managedPrefixDecompressor);
        managedPrefixCompressor = null;
        managedPrefixDecompressor = null;
        if (compressor != 0)
            Native.FreeCompressor(compressor);
        if (decompressor != 0)
            Native.FreeDecompressor(decompressor);
        compressor = decompressor = 0;
        GC.SuppressFinalize(this);
    }

    private static void Managed(nuint result)
    {
        if (ZstdSharp.Unsafe.Methods.ZSTD_isError(result))
            throw new InvalidOperationException($"ZstdSharp refused: {ZstdSharp.Unsafe.Methods.ZSTD_getErrorName(result)}.");
    }

    private static class Native
    {
        // zstd.h, ZSTD_cParameter.
        private const int CompressionLevel = 100;
        private const int WindowLog = 101;

        // zstd.h, ZSTD_ResetDirective.
        private const int SessionOnly = 1;

        private static readonly nint Library = Load();
        private static readonly delegate* unmanaged[Cdecl]<nint> CreateCCtx = (delegate* unmanaged[Cdecl]<nint>)Export("ZSTD_createCCtx");
        private static readonly delegate* unmanaged[Cdecl]<nint> CreateDCtx = (delegate* unmanaged[Cdecl]<nint>)Export("ZSTD_createDCtx");
        private static readonly delegate* unmanaged[Cdecl]<nint, nuint> FreeCCtx = (delegate* unmanaged[Cdecl]<nint, nuint>)Export("ZSTD_freeCCtx");
        private static readonly delegate* unmanaged[Cdecl]<nint, nuint> FreeDCtx = (delegate* unmanaged[Cdecl]<nint, nuint>)Export("ZSTD_freeDCtx");
        private static readonly delegate* unmanaged[Cdecl]<nuint, uint> IsErrorCode = (delegate* unmanaged[Cdecl]<nuint, uint>)Export("ZSTD_isError");

        private static readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, int, nuint> CompressCCtx =
            (delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, int, nuint>)Export("ZSTD_compressCCtx");

        private static readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, nuint> DecompressDCtx =
            (delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, nuint>)Export("ZSTD_decompressDCtx");

        private static readonly delegate* unmanaged[Cdecl]<nint, int, nuint> ResetCCtx = (delegate* unmanaged[Cdecl]<nint, int, nuint>)Export("ZSTD_CCtx_reset");
        private static readonly delegate* unmanaged[Cdecl]<nint, int, int, nuint> SetCCtxParameter = (delegate* unmanaged[Cdecl]<nint, int, int, nuint>)Export("ZSTD_CCtx_setParameter");
        private static readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint> RefCCtxPrefix = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint>)Export("ZSTD_CCtx_refPrefix");
        private static readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint> RefDCtxPrefix = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint>)Export("ZSTD_DCtx_refPrefix");

        private static readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, nuint> Compress2 =
            (delegate* unmanaged[Cdecl]<nint, byte*, nuint, byte*, nuint, nuint>)Export("ZSTD_compress2");

        public static bool Available => Library != 0;

        public static nint CreateCompressor() => NotNull(CreateCCtx());

        public static nint CreateDecompressor() => NotNull(CreateDCtx());

        public static void FreeCompressor(nint context) => FreeCCtx(context);

        public static void FreeDecompressor(nint context) => FreeDCtx(context);

        public static uint IsError(nuint code) => IsErrorCode(code);

        public static nuint Compress(nint context, byte* destination, nuint capacity, byte* source, nuint length, int level) =>
            CompressCCtx(context, destination, capacity, source, length, level);

        // A parameter that a libzstd does not take stays as the level has it: the frame is as good.
        public static void Tune(nint context, int level, ZstdTuning tuning)
        {
            SetCCtxParameter(context, CompressionLevel, level);
            foreach ((int parameter, int value) in tuning.Parameters)
                SetCCtxParameter(context, parameter, value);
        }

        public static nuint CompressTuned(nint context, byte* destination, nuint capacity, byte* source, nuint length) => Compress2(context, destination, capacity, source, length);

        public static nuint Decompress(nint context, byte* destination, nuint capacity, byte* source, nuint length) =>
            DecompressDCtx(context, destination, capacity, source, length);

        public static nuint Compress(nint context, byte* destination, nuint capacity, byte* source, nuint length, byte* prefix, nuint prefixLength, int level, int windowLog)
        {
            // One that failed has left its session open.
            nuint set = ResetCCtx(context, SessionOnly);
            set = IsErrorCode(set) != 0 ? set : SetCCtxParameter(context, CompressionLevel, level);
            set = IsErrorCode(set) != 0 ? set : SetCCtxParameter(context, WindowLog, windowLog);

            // A prefix is for one frame.
            set = IsErrorCode(set) != 0 ? set : RefCCtxPrefix(context, prefix, prefixLength);
            return IsErrorCode(set) != 0 ? set : Compress2(context, destination, capacity, source, length);
        }

        public static nuint Decompress(nint context, byte* destination, nuint capacity, byte* source, nuint length, byte* prefix, nuint prefixLength)
        {
            nuint set = RefDCtxPrefix(context, prefix, prefixLength);
            return IsErrorCode(set) != 0 ? set : DecompressDCtx(context, destination, capacity, source, length);
        }

        // Loaded once: the one that came with the program, otherwise the system's by its ABI name. A host without the library is no error.
        private static nint Load()
        {
            string name = OperatingSystem.IsWindows() ? "libzstd.dll" : OperatingSystem.IsMacOS() ? "libzstd.1.dylib" : "libzstd.so.1";
            if (NativeLibrary.TryLoad(Path.Combine(AppContext.BaseDirectory, name), out nint handle))
                return handle;

            // Windows has no library of that name of its own: what is found there would be anybody's.
            return !OperatingSystem.IsWindows() && NativeLibrary.TryLoad(name, typeof(ZstdCodec).Assembly, DllImportSearchPath.SafeDirectories, out handle) ? handle : 0;
        }

        private static nint Export(string name) => Library == 0 ? 0 : NativeLibrary.GetExport(Library, name);

        private static nint NotNull(nint context) => context != 0 ? context : throw new OutOfMemoryException("libzstd could not allocate a context.");
    }
}
