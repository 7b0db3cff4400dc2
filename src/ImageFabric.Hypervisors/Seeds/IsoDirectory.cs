using System.Text;

namespace ImageFabric.Hypervisors.Seeds;

/// <summary>One of the two root directories of a seed: the same files under the names of ISO 9660 with Rock Ridge, or of Joliet.</summary>
internal abstract class IsoDirectory
{
    /// <summary>The volume descriptor's type (ECMA-119, 8.4.1 and 8.5.1).</summary>
    public abstract byte DescriptorType { get; }

    /// <summary>Bytes 89 to 120 of the volume descriptor (8.5.6).</summary>
    public virtual ReadOnlySpan<byte> EscapeSequences => [];

    /// <summary>Fills a text field of the volume descriptor.</summary>
    public abstract void WriteText(Span<byte> field, string text);

    /// <summary>The file's identifier in a directory record (9.1.11).</summary>
    public abstract byte[] Identifier(string name);

    /// <summary>System Use of the record of the directory itself, of its parent, and of a file (9.1.13).</summary>
    public abstract (byte[] Self, byte[] Parent, Func<string, byte[]> File) SystemUse { get; }

    /// <summary>The names of ISO 9660, level 2, with Rock Ridge: what Linux reads.</summary>
    /// <param name="continuationBlock">Block that holds <paramref name="continuation"/>.</param>
    /// <param name="continuation">The entry ER.</param>
    public sealed class Primary(uint continuationBlock, byte[] continuation) : IsoDirectory
    {
        /// <inheritdoc/>
        public override byte DescriptorType => 1;

        /// <inheritdoc/>
        public override (byte[] Self, byte[] Parent, Func<string, byte[]> File) SystemUse =>
            (RockRidge.RootSelf(continuationBlock, (uint)continuation.Length), RockRidge.RootParent(), RockRidge.File);

        /// <inheritdoc/>
        public override void WriteText(Span<byte> field, string text) => IsoField.Text(field, text);

        // d-characters, SEPARATOR 1, extension or none, SEPARATOR 2, version (7.5.1).
        /// <inheritdoc/>
        public override byte[] Identifier(string name)
        {
            string upper = name.ToUpperInvariant().Replace('-', '_');
            return Encoding.ASCII.GetBytes(upper.Contains('.', StringComparison.Ordinal) ? $"{upper};1" : $"{upper}.;1");
        }
    }

    /// <summary>The names of Joliet, level 3: what Windows reads.</summary>
    public sealed class Joliet : IsoDirectory
    {
        /// <inheritdoc/>
        public override byte DescriptorType => 2;

        // "%/E", UCS-2 level 3 (Joliet, "SVD Escape Sequences Field").
        /// <inheritdoc/>
        public override ReadOnlySpan<byte> EscapeSequences => "%/E"u8;

        /// <inheritdoc/>
        public override (byte[] Self, byte[] Parent, Func<string, byte[]> File) SystemUse => ([], [], static _ => []);

        /// <inheritdoc/>
        public override void WriteText(Span<byte> field, string text) => IsoField.WideText(field, text);

        /// <inheritdoc/>
        public override byte[] Identifier(string name) => Encoding.BigEndianUnicode.GetBytes(name);
    }
}
