using System.Runtime.CompilerServices;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>Keeps the AWS files of whoever runs the tests out of them. The SDK reads its files once per process, hence so early.</summary>
internal static class AwsFiles
{
    private static readonly string Credentials = Path.Combine(Path.GetTempPath(), $"imagefabric-test-{Guid.NewGuid():N}-credentials");

    [ModuleInitializer]
    internal static void Redirect()
    {
        File.WriteAllText(Credentials, """
            [default]
            aws_access_key_id = FROMDEFAULT
            aws_secret_access_key = x
            [named]
            aws_access_key_id = FROMNAMED
            aws_secret_access_key = x
            [role]
            role_arn = arn:aws:iam::123456789012:role/admin
            source_profile = named
            [sso]
            sso_start_url = https://sso.example.org/start
            sso_region = eu-central-1
            sso_account_id = 123456789012
            sso_role_name = admin
            [web]
            role_arn = arn:aws:iam::123456789012:role/admin
            web_identity_token_file = /nowhere/token
            """);
        Environment.SetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE", Credentials);
        Environment.SetEnvironmentVariable("AWS_CONFIG_FILE", Credentials + "-config");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(Credentials);
    }
}
