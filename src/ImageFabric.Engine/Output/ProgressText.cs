using System.Globalization;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Output;

/// <summary>Progress as one line for a person.</summary>
internal static class ProgressText
{
    public static string Describe(ProgressEvent progress)
    {
        string text = progress.BytesTotal is > 0 and { } total
            ? $"{progress.Activity}: {100 * Math.Min(progress.BytesDone, total) / total,3} %  {ByteSize.Text(progress.BytesDone)} of {ByteSize.Text(total)}"
            : $"{progress.Activity}: {ByteSize.Text(progress.BytesDone)}";
        if (progress.BytesFetched is not { } fetched)
            return text;
        text += progress.BytesToFetch is { } all ? $", {ByteSize.Text(fetched)} of {ByteSize.Text(all)} fetched" : $", {ByteSize.Text(fetched)} fetched";
        if (progress.BytesReused is > 0 and { } reused)
            text += $", {ByteSize.Text(reused)} reused";
        if (progress.BytesPerSecond is { } rate)
            text += $", {ByteSize.Text(rate)}/s";
        return progress.SecondsLeft is > 0 and { } left ? $"{text}, {Time(left)} left" : text;
    }

    private static string Time(long seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 359_999)).ToString(seconds < 3600 ? @"m\:ss" : @"h\:mm\:ss", CultureInfo.InvariantCulture);
}
