namespace ImageFabric.Store.Objects;

/// <summary>A service's refusal on its way through the AWS client.</summary>
internal sealed class RefusedAnswerException(ServiceAnswer answer) : Exception(answer.Said)
{
    public ServiceAnswer Answer { get; } = answer;
}
