using System;
using System.Management.Automation;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Makes PowerShell's error records of the product's errors.</summary>
internal static class EngineErrorRecord
{
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
