using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>An nginx of one test's own on the store's machine: as a cache in front of the store, or as a proxy. Each line of its log ends in how it answered.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private readonly Scratch scratch;
    private readonly Process process;

    private Nginx(Scratch scratch, Process process, string endpoint) => (this.scratch, this.process, Endpoint) = (scratch, process, endpoint);

    /// <summary>Keeps what it has fetched, in slices, whatever signature it was asked for with. Asks the store under the store's own name, as nginx does.</summary>
    public static string Cache =>
        $"""
        slice 1m;
        proxy_cache kept;
        proxy_cache_key $uri$slice_range;
        proxy_cache_valid 200 206 1h;
        proxy_set_header Range $slice_range;
        proxy_http_version 1.1;
        proxy_pass {Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT")};
        """;

    /// <summary>Asks whatever server it is told to.</summary>
    public static string Proxy => "proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_pass http://$http_host$request_uri;";

    /// <summary>Its address, reached from this machine and from the hosts.</summary>
    public string Endpoint { get; }

    /// <summary>Starts it.</summary>
    /// <param name="location">What it does with every request.</param>
    public static async Task<Nginx> StartAsync(string location)
    {
        var scratch = new Scratch();
        string address = new Uri(Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT")!).Host;
        int port = FreePort(address);
        foreach (string directory in new[] { "temporary", "kept" })
            Directory.CreateDirectory(scratch[directory]);
        await File.WriteAllTextAsync(
            scratch["nginx.conf"],
            $$"""
            daemon off;
            user root;
            worker_processes 1;
            pid {{scratch["pid"]}};
            error_log {{scratch["error.log"]}};
            events { worker_connections 512; }
            http {
              log_format answered '$request_method $uri $status $upstream_cache_status .';
              access_log {{scratch["access.log"]}} answered;
              proxy_temp_path {{scratch["temporary"]}};
              client_body_temp_path {{scratch["temporary"]}};
              fastcgi_temp_path {{scratch["temporary"]}};
              uwsgi_temp_path {{scratch["temporary"]}};
              scgi_temp_path {{scratch["temporary"]}};
              proxy_cache_path {{scratch["kept"]}} keys_zone=kept:1m;
              server { listen {{address}}:{{port}}; location / { {{location}} } }
            }
            """);
        Process process = Process.Start(new ProcessStartInfo("/usr/sbin/nginx", ["-c", scratch["nginx.conf"], "-p", scratch.Path, "-e", scratch["error.log"]]))!;
        var nginx = new Nginx(scratch, process, $"http://{address}:{port}");
        for (int i = 0; i < 100 && !process.HasExited && !File.Exists(scratch["pid"]); i++)
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        Assert.False(process.HasExited, File.Exists(scratch["error.log"]) ? await File.ReadAllTextAsync(scratch["error.log"]) : "nginx did not start");
        return nginx;
    }

    /// <summary>What it answered so far.</summary>
    public string[] Lines() => File.Exists(scratch["access.log"]) ? File.ReadAllLines(scratch["access.log"]) : [];

    public async ValueTask DisposeAsync()
    {
        // SIGTERM, after which its worker ends too; a kill would leave that.
        await Tool.RunAsync("kill", "-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await process.WaitForExitAsync();
        process.Dispose();
        scratch.Dispose();
    }

    private static int FreePort(string address)
    {
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>As <see cref="HostFactAttribute"/>, where nginx is installed.</summary>
public sealed class NginxFactAttribute : FactAttribute
{
    public NginxFactAttribute() => Skip = Requirements.First(
        EngineProgram.WhyNot, Requirements.Store, Requirements.Hosts, File.Exists("/usr/sbin/nginx") ? null : "nginx is not installed");
}
