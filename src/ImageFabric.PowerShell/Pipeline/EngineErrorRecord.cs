using System;
using System.Management.Automation;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Makes PowerShell's error records of the product's errors.</summary>
internal static class EngineErrorRecord
{
    /// <summary>One record for one of several items that a host works on: the text names the host, the target is the item.</summary>
    public static ErrorRecord From(ErrorEvent error, HostConnection host) => From(
        new FleetException(new ErrorEvent
        {
            Id = error.Id,
            Category = error.Category,
            Message = $"{host.Name}: {error.Message}",
            Target = error.Target,
            RecommendedAction = error.RecommendedAction,
        }),
        null);

    /// <summary>One record: the stable id begins its FullyQualifiedErrorId.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="target">What the user named. Null: what the error itself says it happened to.</param>
    public static ErrorRecord From(FleetException exception, object? target)
    {
        ErrorEvent error = exception.Error;
        ErrorCategory category = Enum.TryParse(error.Category, out ErrorCategory known) ? known : ErrorCategory.NotSpecified;
        return new ErrorRecord(exception, error.Id, category, target ?? error.Target)
        {
            ErrorDetails = new ErrorDetails(exception.Message)
            {
                RecommendedAction = error.RecommendedAction ?? ErrorCatalog.Describe(error.Id).RecommendedAction,
            },
        };
    }
}
