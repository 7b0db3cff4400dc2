namespace ImageFabric.Disks.Tests;

/// <summary>A test against the real qemu-img; skipped, and shown as such, where it is not installed.</summary>
public sealed class QemuFactAttribute : FactAttribute
{
    public QemuFactAttribute() => Skip = QemuImg.WhyNot;
}

/// <summary>As <see cref="QemuFactAttribute"/>, with data.</summary>
public sealed class QemuTheoryAttribute : TheoryAttribute
{
    public QemuTheoryAttribute() => Skip = QemuImg.WhyNot;
}
