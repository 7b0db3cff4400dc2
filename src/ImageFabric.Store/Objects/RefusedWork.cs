namespace ImageFabric.Store.Objects;

/// <summary>What was asked of a service, for the words of its refusal.</summary>
/// <param name="Target">The object or the store.</param>
/// <param name="Verb">What was to be done with it, as in "refuses to …".</param>
/// <param name="Right">The right that it takes, by the name that policies have for it.</param>
internal sealed record RefusedWork(string Target, string Verb, string Right)
{
    /// <summary>The id to give when access is denied.</summary>
    public string Id { get; init; } = "StoreAccessDenied";

    public static RefusedWork Listing(string target) => new(target, "list", "s3:ListBucket");

    public static RefusedWork Reading(string key) => new(key, "read", "s3:GetObject");

    public static RefusedWork Writing(string key) => new(key, "write", "s3:PutObject");

    public static RefusedWork Deleting(string key) => new(key, "delete", "s3:DeleteObject");
}
