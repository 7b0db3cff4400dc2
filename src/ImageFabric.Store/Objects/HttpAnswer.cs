using System.Net;
using System.Net.Http;

namespace ImageFabric.Store.Objects;

/// <summary>What an answer of an S3 service that is not a success means.</summary>
internal static class HttpAnswer
{
    /// <summary>True when the same request may succeed later.</summary>
    public static bool MayPass(HttpStatusCode status) => status
        is HttpStatusCode.RequestTimeout
        or HttpStatusCode.TooManyRequests
        or (>= HttpStatusCode.InternalServerError and not HttpStatusCode.NotImplemented and not HttpStatusCode.InsufficientStorage);

    /// <summary>True for codes that say the request was damaged or came too fast, whatever status they travel with.</summary>
    public static bool MayPass(string code) => code
        is "SlowDown" or "RequestTimeout" or "InternalError" or "ServiceUnavailable" or "Throttling" or "ThrottlingException"
        or "BadDigest" or "XAmzContentSHA256Mismatch" or "IncompleteBody" or "ConditionalRequestConflict" or "OperationAborted";

    /// <summary>The exception for a refused read: a <see cref="StoreException"/>, or a <see cref="PassingFaultException"/> for what may pass.</summary>
    /// <param name="response">The answer; its body is read as far as an error body may go.</param>
    /// <param name="key">The object.</param>
    /// <param name="refusedId">The id to give when access is denied.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async Task<Exception> DescribeAsync(HttpResponseMessage response, string key, string refusedId, CancellationToken cancellationToken)
    {
        ServiceAnswer answer = await ServiceAnswer.ReadAsync(response, cancellationToken).ConfigureAwait(false);
        return Describe(response.StatusCode, answer.Code, answer.Said, key, refusedId, ServiceAnswer.RetryAfter(response));
    }

    /// <summary>The same for an answer whose code is known already.</summary>
    public static Exception Describe(HttpStatusCode status, string code, string said, string key, string refusedId, TimeSpan? retryAfter = null) => (status, code) switch
    {
        (_, "NoSuchBucket") => new StoreException("StoreNotFound", key, "The store's bucket does not exist."),
        (_, "QuotaExceeded") or (HttpStatusCode.InsufficientStorage, _) => new StoreException("StoreFull", key, $"The store takes nothing more: {said}."),
        _ when MayPass(status) || MayPass(code) => new PassingFaultException($"The store answered {said}.") { RetryAfter = retryAfter },
        (HttpStatusCode.NotFound, _) => new StoreException("ObjectMissing", key, $"The store has no object {key}."),
        (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized, _) => new StoreException(refusedId, key, $"The store refuses {key}: {said}."),
        _ => new StoreException("StoreUnreachable", key, $"The store answered {said} for {key}."),
    };
}
