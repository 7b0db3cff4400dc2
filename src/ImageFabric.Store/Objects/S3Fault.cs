using System.Net.Http;
using System.Xml;
using Amazon.Runtime;

namespace ImageFabric.Store.Objects;

/// <summary>What an exception of the AWS client means.</summary>
internal static class S3Fault
{
    /// <summary>True for what the client throws about a request, and, unlike its other exceptions, about an answer that it cannot read.</summary>
    public static bool IsOne(Exception error) => error is RefusedAnswerException or AmazonServiceException or AmazonClientException || IsUnreadable(error);

    /// <summary>The final <see cref="StoreException"/>, or a fault that <see cref="RetryPolicy"/> knows.</summary>
    public static Exception Describe(Exception error, RefusedWork work)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is RefusedAnswerException refused)
                return HttpAnswer.Describe(refused.Answer, work);
            if (cause is HttpRequestException or IOException or OperationCanceledException or PassingFaultException)
                return cause;
        }

        // The answer was cut off, damaged, or is a proxy's page, not XML.
        if (error is AmazonUnmarshallingException || IsUnreadable(error))
            return new PassingFaultException("The store's answer cannot be read.", error);
        return new StoreException("StoreRefused", work.Target, $"The request to {work.Verb} {work.Target} cannot be made: {error.Message.TrimEnd('.')}.", error);
    }

    private static bool IsUnreadable(Exception error) => error is XmlException or FormatException or OverflowException;
}
