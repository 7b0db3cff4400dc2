using System.Globalization;
using System.Xml;

namespace ImageFabric.Store.Objects;

/// <summary>One page of the uploads in parts that were begun and not ended.</summary>
/// <param name="Uploads">With keys as the service gives them.</param>
/// <param name="Next">Key and id by which the next page is asked for. Null: this is the last.</param>
internal sealed record UploadsPage(IReadOnlyList<UnfinishedWrite> Uploads, (string Key, string Id)? Next)
{
    /// <summary>Reads a page.</summary>
    /// <exception cref="FormatException">Why it is none.</exception>
    public static UploadsPage Parse(byte[] document)
    {
        var uploads = new List<UnfinishedWrite>();
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using XmlReader xml = ListingPage.Open(document);
            if (xml.MoveToContent() != XmlNodeType.Element)
                throw new FormatException("is no document at all");

            // A service that knows no uploads in parts lists the bucket's objects.
            if (xml.LocalName == "ListBucketResult")
                return new UploadsPage([], null);
            if (xml.LocalName != "ListMultipartUploadsResult")
                throw new FormatException($"is no ListMultipartUploadsResult but another document ({xml.LocalName})");
            ListingPage.Members(xml, () =>
            {
                switch (xml.LocalName)
                {
                    case "Upload":
                        uploads.Add(Read(xml));
                        break;
                    case "IsTruncated" or "NextKeyMarker" or "NextUploadIdMarker":
                        members[xml.LocalName] = xml.ReadElementContentAsString();
                        break;
                    default:
                        xml.Skip();
                        break;
                }
            });
        }
        catch (XmlException broken)
        {
            throw new FormatException("is no whole XML document", broken);
        }

        if (members.GetValueOrDefault("IsTruncated") != "true")
            return new UploadsPage(uploads, null);
        return members.GetValueOrDefault("NextKeyMarker") is { Length: > 0 } key
            ? new UploadsPage(uploads, (key, members.GetValueOrDefault("NextUploadIdMarker", "")))
            : throw new FormatException("goes on and does not say where");
    }

    private static UnfinishedWrite Read(XmlReader xml)
    {
        (string key, string id, string time) = ("", "", "");
        ListingPage.Members(xml, () =>
        {
            switch (xml.LocalName)
            {
                case "Key":
                    key = xml.ReadElementContentAsString();
                    break;
                case "UploadId":
                    id = xml.ReadElementContentAsString();
                    break;
                case "Initiated":
                    time = xml.ReadElementContentAsString();
                    break;
                default:
                    xml.Skip();
                    break;
            }
        });
        return key.Length > 0 && id.Length > 0 && DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset begun)
            ? new UnfinishedWrite(key, id, begun, 0)
            : throw new FormatException("has an upload without key, id or time");
    }
}
