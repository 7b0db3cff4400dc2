namespace ImageFabric.Engine.Tests.Support;

/// <summary>Signals by their numbers on Linux.</summary>
public enum Signal
{
    HangUp = 1,
    Interrupt = 2,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}
