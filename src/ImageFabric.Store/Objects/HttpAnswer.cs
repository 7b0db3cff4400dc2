using System.Net;
using System.Net.Http;

namespace ImageFabric.Store.Objects;

/// <summary>What an answer of an S3 service that is not a success means. docs/stores.md has it as a table.</summary>
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

    /// <summary>The exception for a refusal: a <see cref="StoreException"/>, or a <see cref="PassingFaultException"/> for what may pass.</summary>
    /// <param name="response">The answer; its body is read as far as an error body may go.</param>
    /// <param name="work">What was asked for.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async Task<Exception> DescribeAsync(HttpResponseMessage response, RefusedWork work, CancellationToken cancellationToken) =>
        Describe(await ServiceAnswer.ReadAsync(response, cancellationToken).ConfigureAwait(false), work);

    /// <summary>The same for an answer that is read already.</summary>
    public static Exception Describe(ServiceAnswer answer, RefusedWork work)
    {
        (string target, string said) = (work.Target, answer.Said);
        string code = answer.Code;
        switch (code)
        {
            case "NoSuchBucket":
                return new StoreException("StoreNotFound", target, "The store's bucket does not exist.");
            case "InvalidBucketName":
                return new StoreException("InvalidRequest", target, $"The service takes no bucket of that name: {said}.");
            case "ExpiredToken" or "ExpiredTokenException" or "TokenRefreshRequired" or "InvalidToken" or "InvalidTokenId" when work.Id == "StoreAccessDenied":
                return new StoreException("StoreCredentialsEnded", target, $"The service no longer takes the session's credentials: they have expired, or their token is not valid: {said}.");
            case "RequestTimeTooSkewed":
                return new StoreException("ClockSkewed", target, $"The clocks of this machine and of the service differ too much: {said}. {answer.ClockHint ?? "The service does not say its time."}");
            case var _ when code.EndsWith("QuotaExceeded", StringComparison.Ordinal) || code.EndsWith("StorageFull", StringComparison.Ordinal):
            case var _ when answer.Status == HttpStatusCode.InsufficientStorage:
                return new StoreException("StoreFull", target, $"The store takes nothing more: {(code.Contains("Quota", StringComparison.Ordinal) ? "its quota is used up: " : "")}{said}.");
            case "" when answer.Status == HttpStatusCode.BadRequest && answer.Message.Contains("HTTPS server", StringComparison.OrdinalIgnoreCase):
            case "" when answer.Status == HttpStatusCode.BadRequest && answer.Message.Contains("HTTPS port", StringComparison.OrdinalIgnoreCase):
                return new StoreException("StoreIsNotS3", target, $"The service speaks TLS at this port: give its endpoint with https://. It said {said}.");
            case var _ when answer.Message.Contains("API port", StringComparison.OrdinalIgnoreCase):
                return new StoreException("StoreIsNotS3", target, $"This port is not the one of the S3 service: {said}.");
        }

        if (MayPass(answer.Status) || MayPass(code))
            return new PassingFaultException($"The store answered {said}.") { RetryAfter = answer.Wait };
        if (OtherRegion(answer) is { } region)
            return new StoreException("StoreRefused", target, $"The bucket is in the region {region}, and another was asked for: {said}. Give the region {region}.");
        if (answer.Status is >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest)
            return new StoreException("StoreRedirects", target, $"The service answers with a redirect{(answer.Leads is null ? "" : $" to {answer.Leads}")}, which is not followed: {said}.");
        if (code.Length == 0 && answer.IsWebPage)
            return new StoreException("StoreIsNotS3", target, $"What answers is a web page, not an S3 service: {said}.");
        return answer.Status switch
        {
            HttpStatusCode.NotFound => new StoreException("ObjectMissing", target, $"The store has no object {target}."),
            HttpStatusCode.ProxyAuthenticationRequired => new StoreException("StoreRefused", target, $"A proxy on the way to the store wants a login: {said}."),
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized when IsAddressing(code) =>
                new StoreException("StoreRefused", target, $"The service takes buckets as host names only (virtual-hosted style), which is not supported: {said}."),
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => new StoreException(work.Id, target, $"The store refuses to {work.Verb} {target}: {said}.{Hint(answer, work)}"),
            _ => new StoreException("StoreRefused", target, $"The service refuses to {work.Verb} {target}: {said}."),
        };
    }

    /// <summary>The region of the bucket, if it was asked for in another. Null: that is not what is wrong.</summary>
    public static string? OtherRegion(ServiceAnswer answer) =>
        answer.Region is { } region && (answer.Status is >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest || answer.Code is "AuthorizationHeaderMalformed" or "AuthorizationQueryParametersError" or "IllegalLocationConstraintException")
            ? region
            : null;

    // Names of that refusal at Alibaba, Volcengine, Tencent and Huawei.
    private static bool IsAddressing(string code) => code is "SecondLevelDomainForbidden" or "InvalidPathAccess" or "PathStyleDomainForbidden" or "VirtualHostDomainRequired";

    private static string Hint(ServiceAnswer answer, RefusedWork work) => answer switch
    {
        { Code: "AccessDenied" or "AllAccessDisabled" or "AccountProblem" or "" } => $" Are the credentials allowed to {work.Verb} ({work.Right})?",
        { ClockHint: { } clock } => $" {clock}",
        _ => "",
    };
}
