using System.Runtime.InteropServices;

namespace ImageFabric.Disks.Wrapped;

/// <summary>liblzma of the system, API version 5.2 (lzma/base.h, lzma/container.h). Every Linux has it, since its package managers need it.</summary>
internal static unsafe class LzmaLibrary
{
    public const int Ok = 0;
    public const int StreamEnd = 1;
    public const int MemoryLimitError = 6;

    /// <summary>LZMA_RUN.</summary>
    public const int Run = 0;

    /// <summary>LZMA_FINISH: no input follows.</summary>
    public const int Finish = 3;

    /// <summary>LZMA_CONCATENATED: several streams may follow each other.</summary>
    public const uint Concatenated = 0x08;

    private static readonly nint Library = Load();
    private static readonly delegate* unmanaged[Cdecl]<Stream*, ulong, uint, int> Decoder = (delegate* unmanaged[Cdecl]<Stream*, ulong, uint, int>)Export("lzma_stream_decoder");
    private static readonly delegate* unmanaged[Cdecl]<Stream*, int, int> Coder = (delegate* unmanaged[Cdecl]<Stream*, int, int>)Export("lzma_code");
    private static readonly delegate* unmanaged[Cdecl]<Stream*, void> Ender = (delegate* unmanaged[Cdecl]<Stream*, void>)Export("lzma_end");

    public static bool Available => Library != 0;

    public static int OpenDecoder(Stream* stream, ulong memoryLimit, uint flags) => Decoder(stream, memoryLimit, flags);

    public static int Code(Stream* stream, int action) => Coder(stream, action);

    public static void End(Stream* stream) => Ender(stream);

    private static nint Load() => NativeLibrary.TryLoad("liblzma.so.5", typeof(LzmaLibrary).Assembly, DllImportSearchPath.SafeDirectories, out nint handle) ? handle : 0;

    private static nint Export(string name) => Library == 0 ? 0 : NativeLibrary.GetExport(Library, name);

    /// <summary>lzma_stream.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Stream
    {
        public byte* NextIn;
        public nuint AvailableIn;
        public ulong TotalIn;
        public byte* NextOut;
        public nuint AvailableOut;
        public ulong TotalOut;
        public nint Allocator;
        public nint Internal;
        public nint Reserved1;
        public nint Reserved2;
        public nint Reserved3;
        public nint Reserved4;
        public ulong SeekPosition;
        public ulong ReservedInteger2;
        public nuint ReservedInteger3;
        public nuint ReservedInteger4;
        public int ReservedEnum1;
        public int ReservedEnum2;
    }
}
