using System.Net.Sockets;
using System.Security.Authentication;

namespace ImageFabric.Store.Objects;

/// <summary>What a fault of the network means, in words for the person who has to do something about it.</summary>
internal static class NetworkFault
{
    /// <summary>The fault in one clause, without a full stop.</summary>
    /// <param name="error">What was thrown.</param>
    /// <param name="stalled">True when silence ended the attempt.</param>
    public static string Describe(Exception error, bool stalled)
    {
        if (stalled)
            return "it fell silent, or sent next to nothing, for too long";

        // A socket's error does not say whose it is; the request's around it names host and port.
        Exception cause = error;
        while (cause.InnerException is { } inner and not SocketException)
            cause = inner;
        if (Find<AuthenticationException>(error) is not null)
            return "it does not speak TLS there, or none that is accepted here: is it an http:// address?";
        string reason = cause.Message.TrimEnd('.');
        return ProxyVariable.NamedIn(reason) is { } proxy ? $"the proxy of the environment variable {proxy} does not answer: {reason}" : reason;
    }

    /// <summary>The certificate that ended a connection. Null: it was something else.</summary>
    public static CertificateRefusedException? RefusedCertificate(Exception error) => Find<CertificateRefusedException>(error);

    private static T? Find<T>(Exception error)
        where T : Exception
    {
        Exception? cause = error;
        while (cause is not (null or T))
            cause = cause.InnerException;
        return (T?)cause;
    }
}
