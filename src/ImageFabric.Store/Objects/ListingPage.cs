using System.Globalization;
using System.Xml;

namespace ImageFabric.Store.Objects;

/// <summary>One page of a listing of a bucket, read strictly: what is no whole and consistent <c>ListBucketResult</c> is no page.</summary>
internal sealed record ListingPage
{
    /// <summary>Far beyond what a service puts on a page.</summary>
    private const int MostObjects = 100_000;

    /// <summary>The objects with the keys that the service gives them.</summary>
    public required IReadOnlyList<StoredObject> Objects { get; init; }

    /// <summary>True when further pages follow.</summary>
    public required bool IsTruncated { get; init; }

    /// <summary>By which the next page is asked for. Null: the service gave none.</summary>
    public string? NextToken { get; init; }

    /// <summary>The same of version 1 of the interface.</summary>
    public string? NextMarker { get; init; }

    /// <summary>True for an answer in version 1 of the interface, whose services do not know the other.</summary>
    public bool IsVersion1 { get; init; }

    /// <summary>Reads a page.</summary>
    /// <param name="document">The answer's body.</param>
    /// <exception cref="FormatException">Why it is none, in words that follow "The listing".</exception>
    public static ListingPage Parse(byte[] document)
    {
        var objects = new List<StoredObject>();
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using XmlReader xml = Open(document);
            if (xml.MoveToContent() != XmlNodeType.Element || xml.LocalName != "ListBucketResult")
                throw new FormatException($"is no ListBucketResult but {(xml.NodeType == XmlNodeType.Element ? $"another document ({xml.LocalName})" : "no document at all")}");
            Members(xml, () =>
            {
                string name = xml.LocalName;
                if (name == "Contents")
                {
                    if (objects.Count == MostObjects)
                        throw new FormatException($"has more than {MostObjects} objects on a page");
                    objects.Add(ReadObject(xml));
                }
                else if (name is "IsTruncated" or "NextContinuationToken" or "NextMarker" or "Marker" or "KeyCount")
                {
                    string value = xml.ReadElementContentAsString();
                    if (name == "IsTruncated" && members.TryGetValue(name, out string? before) && before != value)
                        throw new FormatException("says that it is complete and that it is not");
                    members[name] = value;
                }
                else
                {
                    xml.Skip();
                }
            });
        }
        catch (XmlException broken)
        {
            throw new FormatException(document.Length == 0 ? "is empty" : "is no whole XML document", broken);
        }

        return new ListingPage
        {
            Objects = objects,
            IsTruncated = members.GetValueOrDefault("IsTruncated")?.Trim() switch
            {
                "true" => true,
                "false" => false,
                _ => throw new FormatException("does not say whether it is complete"),
            },
            NextToken = Set(members.GetValueOrDefault("NextContinuationToken")),
            NextMarker = Set(members.GetValueOrDefault("NextMarker")),
            IsVersion1 = members.ContainsKey("Marker") && !members.ContainsKey("KeyCount") && !members.ContainsKey("NextContinuationToken"),
        };
    }

    internal static XmlReader Open(byte[] document) => XmlReader.Create(
        new MemoryStream(document, writable: false),
        new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, CheckCharacters = false, IgnoreComments = true, IgnoreWhitespace = true });

    /// <summary>Goes through the elements in the one that the reader is at; <paramref name="each"/> leaves the reader behind its element.</summary>
    internal static void Members(XmlReader xml, Action each)
    {
        if (xml.IsEmptyElement)
        {
            xml.Read();
            return;
        }

        xml.Read();
        while (xml.NodeType != XmlNodeType.EndElement)
        {
            if (xml.EOF)
                throw new FormatException("is no whole XML document");
            if (xml.NodeType == XmlNodeType.Element)
                each();
            else
                xml.Read();
        }

        xml.Read();
    }

    private static StoredObject ReadObject(XmlReader xml)
    {
        (string? key, string? size, string? time, string? tag) = (null, null, null, null);
        Members(xml, () =>
        {
            switch (xml.LocalName)
            {
                case "Key":
                    key = xml.ReadElementContentAsString();
                    break;
                case "Size":
                    size = xml.ReadElementContentAsString();
                    break;
                case "LastModified":
                    time = xml.ReadElementContentAsString();
                    break;
                case "ETag":
                    tag = xml.ReadElementContentAsString();
                    break;
                default:
                    xml.Skip();
                    break;
            }
        });
        if (string.IsNullOrEmpty(key))
            throw new FormatException("has an object without a key");
        if (!long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            throw new FormatException("has an object without a size");
        if (!DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset modified))
            throw new FormatException("has an object without a time");
        return new StoredObject(key, length, modified, tag);
    }

    private static string? Set(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
