using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;

namespace ImageFabric.Engine.Host;

/// <summary>
/// Directories on Windows for SYSTEM, administrators and the login alone. Everybody may make files under ProgramData: an image or machine that somebody else
/// put there must not be taken for ours.
/// </summary>
[SupportedOSPlatform("windows")]
internal static class OwnDirectory
{
    private static readonly SecurityIdentifier System = new(WellKnownSidType.LocalSystemSid, null);
    private static readonly SecurityIdentifier Administrators = new(WellKnownSidType.BuiltinAdministratorsSid, null);

    /// <summary>Makes those that are missing, and refuses directories of <paramref name="root"/> that belong to somebody else.</summary>
    /// <param name="root">What they lie in; whose it is when it is there already, is its owner's business.</param>
    /// <param name="paths">The directories.</param>
    /// <exception cref="UnauthorizedAccessException">One belongs to somebody else.</exception>
    public static void Make(string root, params string[] paths)
    {
        SecurityIdentifier login = WindowsIdentity.GetCurrent().User!;
        MakeMissing(root, login);
        foreach (string path in paths)
        {
            MakeMissing(path, login);
            if (new DirectoryInfo(path).GetAccessControl(AccessControlSections.Owner).GetOwner(typeof(SecurityIdentifier)) is { } owner
                && owner != login && owner != System && owner != Administrators)
            {
                throw new UnauthorizedAccessException($"{path} belongs to {owner}.");
            }
        }
    }

    private static void MakeMissing(string path, SecurityIdentifier login)
    {
        var directory = new DirectoryInfo(path);
        if (directory.Exists)
            return;
        directory.Create();
        Close(directory, login);
    }

    private static void Close(DirectoryInfo directory, SecurityIdentifier login)
    {
        var security = new DirectorySecurity();
        security.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
        foreach (SecurityIdentifier who in new[] { System, Administrators, login })
        {
            security.AddAccessRule(new FileSystemAccessRule(
                who, FileSystemRights.FullControl, InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit, PropagationFlags.None, AccessControlType.Allow));
        }

        directory.SetAccessControl(security);
    }
}
