using System;
using System.Management.Automation;

namespace ImageFabric.PowerShell;

/// <summary>
/// On a name that may come from the pipeline by value: an object whose properties are meant is not taken for a name. Without it PowerShell
/// makes a text of such an object and binds that, too: an image piped to Sync-VmImage would become the name of a host.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PlainNameAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is not PSCustomObject && value?.GetType().Assembly != GetType().Assembly)
            return inputData;

        // The binder goes on without this parameter when it sees a failed cast.
        string message = $"An object of type {value.GetType().FullName} is not a name.";
        throw new ArgumentTransformationMetadataException(message, new PSInvalidCastException(message));
    }
}
