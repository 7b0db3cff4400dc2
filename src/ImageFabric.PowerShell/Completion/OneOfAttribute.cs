using System;
using System.Linq;
using System.Management.Automation;

namespace ImageFabric.PowerShell;

/// <summary>A parameter that takes one of these words, in any case. Unlike ValidateSet it leaves completion to the parameter's completer, which explains them.</summary>
/// <param name="words">The words.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OneOfAttribute(params string[] words) : ValidateArgumentsAttribute
{
    /// <inheritdoc/>
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        string given = LanguagePrimitives.ConvertTo<string>(arguments);
        if (!words.Contains(given, StringComparer.OrdinalIgnoreCase))
            throw new ValidationMetadataException($"'{given}' is none of these: {string.Join(", ", words)}.");
    }
}
