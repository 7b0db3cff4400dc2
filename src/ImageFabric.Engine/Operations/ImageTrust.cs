using ImageFabric.Engine.Host;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store;
using ImageFabric.Store.Format;
using ImageFabric.Store.Trust;

namespace ImageFabric.Engine.Operations;

/// <summary>Holds images to the trust policies of stores and of this host, before anything of them is taken.</summary>
internal static class ImageTrust
{
    /// <summary>An image that a host is about to take: the policies of its store and of the host both hold.</summary>
    /// <exception cref="StoreException"><c>SignatureMissing</c>, <c>SignatureInvalid</c>, <c>SignerNotTrusted</c>, <c>TrustPolicyInvalid</c>.</exception>
    public static void EnforceOnHost(ImageResult image, TrustSettings? ofStore, IEventOutput output)
    {
        Enforce(Images.Statement(image), image.Signature, ofStore, "the store", output);
        if (TrustFile.ReadIfAny(TrustFile.OfHost) is { } ofHost)
            Enforce(Images.Statement(image), image.Signature, ofHost, $"the host ({TrustFile.OfHost})", output);
    }

    /// <summary>An image that is about to be taken from a store on this machine.</summary>
    /// <exception cref="StoreException">As for <see cref="EnforceOnHost"/>.</exception>
    public static void Enforce(Manifest manifest, StoreReference? store, IEventOutput output) =>
        Enforce(ImageStatement.Of(manifest), manifest.Signature, store?.Trust, "the store", output);

    /// <summary>An image that is about to be published: one that nobody could take afterwards is not begun.</summary>
    /// <exception cref="StoreException">As for <see cref="EnforceOnHost"/>.</exception>
    public static void CheckSigner(StoreReference? store, ImageSigner? signer, ImageReference image, IEventOutput output)
    {
        var trial = new ImageStatement
        {
            Name = image.Name,
            Version = image.Version!,
            ImageId = "",
            VirtualSize = 0,
            DataSize = 0,
            Published = "",
            SourceFormat = "",
        };
        Enforce(trial, signer?.Sign(trial), store?.Trust, "the store", output);
    }

    private static void Enforce(ImageStatement statement, string? signature, TrustSettings? settings, string source, IEventOutput output) =>
        Read(settings, source).Enforce(statement, signature, source, output.Warning);

    private static TrustPolicy Read(TrustSettings? settings, string source)
    {
        if (settings is null)
            return new TrustPolicy();
        try
        {
            return new TrustPolicy
            {
                Mode = settings.Mode switch
                {
                    TrustSettings.None => TrustMode.None,
                    TrustSettings.WarnUnsigned => TrustMode.WarnUnsigned,
                    TrustSettings.RequireSigned => TrustMode.RequireSigned,
                    _ => throw new StoreException("TrustPolicyInvalid", source, $"The trust policy of {source} has the mode '{settings.Mode}'; there are {TrustSettings.None}, {TrustSettings.WarnUnsigned} and {TrustSettings.RequireSigned}."),
                },
                Thumbprints = settings.Thumbprints ?? [],
                Authorities = [.. (settings.Authorities ?? []).Select(Convert.FromBase64String)],
            };
        }
        catch (FormatException malformed)
        {
            throw new StoreException("TrustPolicyInvalid", source, $"The trust policy of {source} holds an authority that is no base64.", malformed);
        }
    }
}
