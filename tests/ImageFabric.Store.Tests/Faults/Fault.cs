namespace ImageFabric.Store.Tests.Faults;

/// <summary>What happens to one request on its way through a <see cref="FaultProxy"/>.</summary>
public abstract record Fault
{
    private Fault()
    {
    }

    /// <summary>Nothing: for requests before the one that is meant.</summary>
    public sealed record None : Fault;

    /// <summary>The request never reaches the store; this is the answer.</summary>
    public sealed record Answer(int Status, string Code) : Fault;

    /// <summary>The connection is reset as soon as the request has come.</summary>
    public sealed record Reset : Fault;

    /// <summary>The store does the work, and the connection is reset before its answer gets through.</summary>
    public sealed record LoseAnswer : Fault;

    /// <summary>The store does the work, and nothing of its answer gets through; the connection stays open.</summary>
    public sealed record Silence : Fault;

    /// <summary>After so many bytes of the answer's body nothing comes any more, and the connection stays open.</summary>
    public sealed record Stall(int After) : Fault;

    /// <summary>After so many bytes of the answer's body the connection is closed in good order.</summary>
    public sealed record Truncate(int After) : Fault;

    /// <summary>One bit of the request's body is turned round.</summary>
    public sealed record FlipRequestBit(int At) : Fault;

    /// <summary>One bit of the answer's body is turned round.</summary>
    public sealed record FlipAnswerBit(int Bit) : Fault;

    /// <summary>The answer comes in pieces of so many bytes, a hundredth of a second apart.</summary>
    public sealed record Trickle(int Piece) : Fault;

    /// <summary>The answer claims to be so many bytes longer than it is, or shorter.</summary>
    public sealed record LieAboutLength(int By) : Fault;

    /// <summary>The range the client asks for is not passed on.</summary>
    public sealed record DropRange : Fault;

    /// <summary>The request header is passed on under another name, so that the store does not know it.</summary>
    public sealed record HideHeader(string Name) : Fault;

    /// <summary>The answer claims to begin one byte later than was asked.</summary>
    public sealed record ShiftRange : Fault;
}
