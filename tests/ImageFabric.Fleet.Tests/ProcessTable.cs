namespace ImageFabric.Fleet.Tests;

internal static class ProcessTable
{
    /// <summary>True while a process that is not a zombie has the id.</summary>
    public static bool IsAlive(string id)
    {
        try
        {
            string status = File.ReadAllText($"/proc/{id}/stat");
            return status[(status.LastIndexOf(')') + 2)..][0] != 'Z';
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return false;
        }
    }

    /// <summary>Waits until nobody has the id any more. For processes that end by themselves after their parent.</summary>
    public static async Task EndAsync(string id)
    {
        for (int i = 0; i < 3000 && IsAlive(id); i++)
            await Task.Delay(10);
        Assert.False(IsAlive(id), $"Process {id} is still there.");
    }
}
