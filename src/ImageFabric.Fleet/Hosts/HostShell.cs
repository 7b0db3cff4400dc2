using System;
using System.Collections.Concurrent;
using System.Collections.Generic;

namespace ImageFabric.Fleet;

/// <summary>One of the two kinds of shells that hosts have: what brings the engine there, and which engine that is.</summary>
internal sealed class HostShell
{
    /// <summary>A POSIX shell on Linux.</summary>
    public static readonly HostShell Posix = new(HostBootstrap.Command, static engine => engine.Upload);

    /// <summary>cmd or PowerShell on Windows.</summary>
    public static readonly HostShell Windows = new(WindowsBootstrap.Command, static engine => engine.WindowsUpload);

    private static readonly object AnotherMark = new();
    private static readonly ConcurrentDictionary<string, HostShell> Answered = new();

    private readonly Func<LocalEngine, EngineUpload?> _upload;

    private HostShell(Func<string, string> command, Func<LocalEngine, EngineUpload?> upload)
    {
        Command = command;
        _upload = upload;
    }

    /// <summary>From the engine's digest to what the shell is to run.</summary>
    public Func<string, string> Command { get; }

    /// <summary>Both, the one first that answered on this host before.</summary>
    public static IReadOnlyList<HostShell> InOrderFor(HostAddress host) =>
        Answered.TryGetValue(host.ToString(), out HostShell? known) && known == Windows ? [Windows, Posix] : [Posix, Windows];

    /// <summary>Marks an error that says no more than that the host's shell is of the other kind, or of none.</summary>
    public static FleetException Another(FleetException error)
    {
        error.Data[nameof(Another)] = AnotherMark;
        return error;
    }

    /// <summary>Whether <see cref="Another"/> marked the error.</summary>
    public static bool IsAnother(FleetException error) => error.Data[nameof(Another)] == AnotherMark;

    /// <summary>The engine for hosts of this kind; null when there is none here.</summary>
    public EngineUpload? Upload(LocalEngine engine) => _upload(engine);

    /// <summary>Has this one come first next time.</summary>
    public void RememberFor(HostAddress host) => Answered[host.ToString()] = this;
}
