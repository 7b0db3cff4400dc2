using System;
using System.Collections.Generic;

namespace ImageFabric.Fleet;

/// <summary>
/// Hosts that cut an image into as many pieces: all of them, unless one lies or has another index. Only they give to each other, so that a liar is alone with
/// its number. Belongs to the session and its lock.
/// </summary>
/// <param name="pieces">How many pieces.</param>
internal sealed class FanOutGroup(int pieces)
{
    /// <summary>What is ordered from where.</summary>
    public FanOutSchedule Schedule { get; } = new(pieces, new FanOutLimits(), Environment.TickCount);

    /// <summary>The hosts by number.</summary>
    public Dictionary<int, FanOutMember> Members { get; } = [];
}
