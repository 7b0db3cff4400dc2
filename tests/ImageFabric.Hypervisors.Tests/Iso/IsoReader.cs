using System.Buffers.Binary;
using System.Text;

namespace ImageFabric.Hypervisors.Tests.Iso;

/// <summary>Reads the root directory of an ISO 9660 image, written from ECMA-119 apart from the writer, and checks every field it passes.</summary>
internal sealed class IsoReader
{
    private const int BlockSize = 2048;
    private readonly byte[] _image;
    private readonly int _descriptor;
    private readonly bool _joliet;

    private IsoReader(byte[] image, int descriptor, bool joliet)
    {
        _image = image;
        _descriptor = descriptor;
        _joliet = joliet;
        Assert.Equal(_image.Length / BlockSize, Both32(_descriptor + 80));
        Assert.Equal(1, Both16(_descriptor + 120));
        Assert.Equal(1, Both16(_descriptor + 124));
        Assert.Equal(BlockSize, Both16(_descriptor + 128));
        Assert.Equal(1, _image[_descriptor + 881]);
        CheckPathTables();
    }

    public static IsoReader Primary(byte[] image) => new(image, Find(image, 1), joliet: false);

    public static IsoReader Joliet(byte[] image)
    {
        int descriptor = Find(image, 2);
        Assert.Equal("%/E", Encoding.ASCII.GetString(image, descriptor + 88, 3));
        return new IsoReader(image, descriptor, joliet: true);
    }

    public string Label => (_joliet ? Encoding.BigEndianUnicode : Encoding.ASCII).GetString(_image, _descriptor + 40, 32).TrimEnd(' ');

    /// <summary>Files by the names of the directory records themselves (ISO or Joliet).</summary>
    public Dictionary<string, byte[]> Files() => Records().Skip(2).ToDictionary(r => r.Identifier, Content);

    /// <summary>Files by their Rock Ridge names, with their modes.</summary>
    public Dictionary<string, (byte[] Content, uint Mode)> RockRidgeFiles()
    {
        Record[] records = [.. Records()];
        List<(string Signature, byte[] Data)> self = SystemUse(records[0]);
        Assert.Equal("SP", self[0].Signature);
        Assert.Equal([0xBE, 0xEF, 0], self[0].Data);
        byte[] reference = self.Single(entry => entry.Signature == "ER").Data;
        Assert.Equal("RRIP_1991A", Encoding.ASCII.GetString(reference, 4, reference[0]));
        Assert.Equal(reference.Length, 4 + reference[0] + reference[1] + reference[2]);
        return records.Skip(2).ToDictionary(Name, record => (Content(record), Mode(record)));

        string Name(Record record)
        {
            byte[] name = SystemUse(record).Single(entry => entry.Signature == "NM").Data;
            Assert.Equal(0, name[0]);
            return Encoding.ASCII.GetString(name, 1, name.Length - 1);
        }

        uint Mode(Record record)
        {
            byte[] attributes = SystemUse(record).Single(entry => entry.Signature == "PX").Data;
            return BinaryPrimitives.ReadUInt32LittleEndian(attributes);
        }
    }

    private sealed record Record(string Identifier, int Block, int Length, byte Flags, byte[] SystemUse);

    private static int Find(byte[] image, byte type)
    {
        Assert.Equal(0, image.Length % BlockSize);
        Assert.All(image[..(16 * BlockSize)], b => Assert.Equal(0, b));
        for (int at = 16 * BlockSize; ; at += BlockSize)
        {
            Assert.Equal("CD001", Encoding.ASCII.GetString(image, at + 1, 5));
            Assert.Equal(1, image[at + 6]);
            Assert.NotEqual(255, image[at]);
            if (image[at] == type)
                return at;
        }
    }

    private IEnumerable<Record> Records()
    {
        Record root = Read(_descriptor + 156);
        Assert.Equal(34, _image[_descriptor + 156]);
        Assert.Equal(0, root.Length % BlockSize);
        int at = root.Block * BlockSize, end = at + root.Length;
        string? previous = null;
        for (int n = 0; at < end && _image[at] != 0; n++, at += _image[at])
        {
            Assert.Equal(0, _image[at] % 2);
            Assert.Equal(at / BlockSize, (at + _image[at] - 1) / BlockSize);
            Record record = Read(at);
            if (n < 2)
            {
                Assert.Equal(((char)n).ToString(), record.Identifier);
                Assert.Equal(2, record.Flags);
                Assert.Equal(root.Block, record.Block);
            }
            else
            {
                Assert.Equal(0, record.Flags);
                Assert.True(previous is null || string.CompareOrdinal(previous, record.Identifier) < 0, "records are in the order of their names");
                previous = record.Identifier;
            }
            yield return record;
        }
    }

    private Record Read(int at)
    {
        int block = Both32(at + 2), length = Both32(at + 10), idLength = _image[at + 32];
        Assert.Equal(1, Both16(at + 28));
        Assert.InRange((long)block * BlockSize + length, 0, _image.Length);
        Encoding encoding = _joliet && idLength > 1 ? Encoding.BigEndianUnicode : Encoding.ASCII;
        int systemUse = at + 33 + idLength + ((idLength + 1) % 2);
        return new Record(encoding.GetString(_image, at + 33, idLength), block, length, _image[at + 25], _image[systemUse..(at + _image[at])]);
    }

    private byte[] Content(Record record) => _image[(record.Block * BlockSize)..(record.Block * BlockSize + record.Length)];

    private List<(string Signature, byte[] Data)> SystemUse(Record record)
    {
        var entries = new List<(string, byte[])>();
        byte[] area = record.SystemUse;
        for (int at = 0; at + 4 <= area.Length;)
        {
            string signature = Encoding.ASCII.GetString(area, at, 2);
            int length = area[at + 2];
            Assert.Equal(1, area[at + 3]);
            byte[] data = area[(at + 4)..(at + length)];
            at += length;
            if (signature == "CE")
            {
                int start = BinaryPrimitives.ReadInt32LittleEndian(data) * BlockSize + BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(8));
                area = _image[start..(start + BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(16)))];
                at = 0;
                continue;
            }
            entries.Add((signature, data));
        }
        return entries;
    }

    private void CheckPathTables()
    {
        Assert.Equal(10, Both32(_descriptor + 132));
        int root = Read(_descriptor + 156).Block;
        int little = BinaryPrimitives.ReadInt32LittleEndian(_image.AsSpan(_descriptor + 140)) * BlockSize;
        int big = BinaryPrimitives.ReadInt32BigEndian(_image.AsSpan(_descriptor + 148)) * BlockSize;
        Assert.Equal(1, _image[little]);
        Assert.Equal(root, BinaryPrimitives.ReadInt32LittleEndian(_image.AsSpan(little + 2)));
        Assert.Equal(1, BinaryPrimitives.ReadInt16LittleEndian(_image.AsSpan(little + 6)));
        Assert.Equal(1, _image[big]);
        Assert.Equal(root, BinaryPrimitives.ReadInt32BigEndian(_image.AsSpan(big + 2)));
        Assert.Equal(1, BinaryPrimitives.ReadInt16BigEndian(_image.AsSpan(big + 6)));
    }

    private int Both32(int at)
    {
        int value = BinaryPrimitives.ReadInt32LittleEndian(_image.AsSpan(at));
        Assert.Equal(value, BinaryPrimitives.ReadInt32BigEndian(_image.AsSpan(at + 4)));
        return value;
    }

    private int Both16(int at)
    {
        int value = BinaryPrimitives.ReadUInt16LittleEndian(_image.AsSpan(at));
        Assert.Equal(value, BinaryPrimitives.ReadUInt16BigEndian(_image.AsSpan(at + 2)));
        return value;
    }
}
