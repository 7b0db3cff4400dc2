using System;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>An engine, here or on a host, could not do what was asked. Cancellation is not one of these.</summary>
public sealed class FleetException : Exception
{
    /// <summary>What this side found.</summary>
    /// <param name="id">An id of <see cref="ErrorCatalog"/>; category and recommended action are taken from there.</param>
    /// <param name="target">What it happened to.</param>
    /// <param name="message">What happened, in one sentence.</param>
    /// <param name="inner">What it was found by.</param>
    public FleetException(string id, string target, string message, Exception? inner = null)
        : base(DisplayText.Harmless(message), inner)
    {
        ErrorDescription description = ErrorCatalog.Describe(id);
        Error = new ErrorEvent
        {
            Id = description.Id,
            Category = description.Category,
            Message = Message,
            Target = target is null ? null : DisplayText.Harmless(target),
            RecommendedAction = description.RecommendedAction,
        };
    }

    /// <summary>What an engine said.</summary>
    public FleetException(ErrorEvent error)
        : base(error.Message) => Error = error;

    /// <summary>The error with its stable id, category, target and recommended action.</summary>
    public ErrorEvent Error { get; }
}
