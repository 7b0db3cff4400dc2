using System.Net.Http;
using System.Xml;
using Amazon.Runtime;

namespace ImageFabric.Store.Objects;

/// <summary>What an exception of the AWS client means.</summary>
internal static class S3Fault
{
    /// <summary>The final <see cref="StoreException"/>, or a fault that <see cref="RetryPolicy"/> knows.</summary>
    public static Exception Describe(Exception error, string target)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException or IOException or OperationCanceledException)
                return cause;
        }

        // The answer was cut off, damaged, or is a proxy's page, not XML.
        if (error is AmazonUnmarshallingException || IsUnreadable(error))
            return new PassingFaultException("The store's answer cannot be read.", error);
        if (error is AmazonServiceException { StatusCode: not 0 } answer)
        {
            string said = $"{(int)answer.StatusCode} {answer.ErrorCode} {answer.Message}".TrimEnd('.');
            return HttpAnswer.Describe(answer.StatusCode, answer.ErrorCode ?? "", said, target, "StoreAccessDenied");
        }

        return new StoreException("StoreUnreachable", target, error.Message, error);
    }

    /// <summary>True for what the client throws, unlike its other exceptions, about an answer that it cannot read.</summary>
    public static bool IsUnreadable(Exception error) => error is XmlException or FormatException or OverflowException;
}
