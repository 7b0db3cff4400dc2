using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What became of a damaged object of a store.</summary>
public sealed class VmImageRepair
{
    internal VmImageRepair(RepairResult result, string? store)
    {
        Key = result.Key;
        ErrorId = result.Damage;
        Message = result.Message;
        NeededBy = result.Images;
        Status = result.Status;
        Source = result.Source;
        BytesWritten = result.BytesWritten;
        Store = store;
    }

    /// <summary>Key of the object in the store.</summary>
    public string Key { get; }

    /// <summary>Stable id of what was wrong with it.</summary>
    public string ErrorId { get; }

    /// <summary>The same in one sentence.</summary>
    public string Message { get; }

    /// <summary>Images, of those that were looked at, that need it, as <c>name:version</c>.</summary>
    public string[] NeededBy { get; }

    /// <summary><c>Restored</c>, <c>Rebuilt</c> in new packs, <c>Failed</c>, or <c>Damaged</c> with <c>-WhatIf</c>.</summary>
    public string Status { get; }

    /// <summary>The store or hosts that had it. Null: nobody.</summary>
    public string? Source { get; }

    /// <summary>Bytes written to the store for it; of objects that were rebuilt together, all of them stand with the first.</summary>
    public long BytesWritten { get; }

    /// <summary>What selects the store as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Store { get; }

    /// <summary>Status and key.</summary>
    public override string ToString() => $"{Status} {Key}";
}
