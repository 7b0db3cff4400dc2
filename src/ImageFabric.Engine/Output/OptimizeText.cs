using System.Globalization;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Output;

/// <summary>What cleaning a store came to, for a person.</summary>
internal static class OptimizeText
{
    public static string Describe(OptimizeResult r)
    {
        string would = r.WhatIf ? "would be " : "";
        string[] lines =
        [
            $"{r.Uri}: {Number(r.Images, "image")}, {Sum(r.StoredObjects, r.StoredBytes)}, of which {Size(r.ReachableBytes)} are reached.",
            r.DeletedObjects > 0 ? $"{Sum(r.DeletedObjects, r.DeletedBytes)} {would}deleted." : "",
            r.MarkedObjects > 0 ? $"{Sum(r.MarkedObjects, r.MarkedBytes)} {would}marked." : "",
            r.WaitingObjects > 0 ? $"{Sum(r.WaitingObjects, r.WaitingBytes)} marked before, to be deleted when the grace period is over." : "",
            r.YoungObjects > 0 ? $"{Sum(r.YoungObjects, r.YoungBytes)} too young to be marked: perhaps a publish is about to use them." : "",
            r.SparedObjects > 0 ? $"{Sum(r.SparedObjects, r.SparedBytes)} {would}spared: an image uses them after all." : "",
            r.LeftoverObjects > 0 ? $"{Sum(r.LeftoverObjects, r.LeftoverBytes)} of uploads that broke off {would}removed." : "",
            r.RepackedPacks > 0 ? $"{Number(r.RepackedPacks, "pack")} of {Size(r.RepackedBytes)} {would}written anew with {Size(r.BytesWritten)}, for {Number(r.ImagesRewritten, "image")}." : "",
            r.NextDue is null ? "" : $"The next deletion is due after {r.NextDue}.",
            r.Complete ? "" : "Not all of it was done in time: run it again.",
        ];
        return string.Join('\n', lines.Where(static line => line.Length > 0));
    }

    private static string Sum(long count, long bytes) => $"{Number(count, "object")} of {Size(bytes)}";

    private static string Number(long count, string what) => $"{count.ToString(CultureInfo.InvariantCulture)} {what}{(count == 1 ? "" : "s")}";

    private static string Size(long bytes) => ByteSize.Text(bytes);
}
