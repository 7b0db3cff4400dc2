using System;

namespace ImageFabric.Fleet;

/// <summary>How many transfers go on at once, and how much the store may send.</summary>
internal sealed class FanOutLimits
{
    /// <summary>Pieces on their way to one host.</summary>
    public int Incoming { get; set; } = 8;

    /// <summary>Of these, pieces from the store.</summary>
    public int IncomingFromStore { get; set; } = 4;

    /// <summary>Pieces on their way from one host.</summary>
    public int Outgoing { get; set; } = 8;

    /// <summary>Pieces on their way from the store to all hosts.</summary>
    public int Store { get; set; } = 96;

    /// <summary>Copies of the image that the store may send so that nobody is idle, beyond what is needed because hosts were lost.</summary>
    public double StoreCopies { get; set; } = 1.3;

    /// <summary>Copies of the image that the store may send because those who were to pass a piece on are slow.</summary>
    public double StoreCopiesForSlow { get; set; } = 1.9;

    /// <summary>A transfer that takes longer than this, and much longer than most, is given to another source as well.</summary>
    public TimeSpan Slow { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The same as long as no transfer has ended, so that nothing is known of the links.</summary>
    public TimeSpan SlowAtFirst { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Hosts that must have failed to take from a host before nobody does any more.</summary>
    public int Accusers { get; set; } = 2;
}
