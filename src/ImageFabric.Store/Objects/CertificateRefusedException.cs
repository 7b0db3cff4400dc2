using System.Security.Authentication;

namespace ImageFabric.Store.Objects;

/// <summary>A server's certificate that is not trusted. The message says whose it is and why.</summary>
internal sealed class CertificateRefusedException(string message) : AuthenticationException(message);
