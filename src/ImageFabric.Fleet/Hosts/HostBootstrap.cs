using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// Becomes the engine on a host: a fixed POSIX script finds the engine by its digest, asks for it when it is not there, verifies it, and
/// executes it. See <c>docs/design/engine-protocol.md</c>, "Getting onto a host".
/// </summary>
internal static class HostBootstrap
{
    private const string Mark = "IMAGEFABRIC ";
    private const string Need = "NEED";
    private const int NoiseLimit = 1000;
    private const int PieceLength = 256 * 1024;
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(0.2);

    /// <summary>
    /// The script, run as one line. Without ' \ and !, so that between single quotes it means the same to sh, bash, zsh, fish and csh.
    /// Since there is no name for the last background process without !, processes write their own ids down.
    /// Nothing follows the upload until READY was read, so head may read as far ahead as it likes.
    /// </summary>
    public static readonly IReadOnlyList<string> Script =
    [
        "digest=$1; umask 022;",
        "say() { echo; echo \"IMAGEFABRIC $*\"; };",
        "fail() { say FAILED \"$*\"; exit 1; };",
        "system=\"$(uname -s) $(uname -m)\";",
        "test \"$system\" = \"Linux x86_64\" || { say UNSUPPORTED \"$system\"; exit 1; };",
        "if test -n \"${IMAGEFABRIC_ENGINE_DIRECTORY:-}\"; then root=$IMAGEFABRIC_ENGINE_DIRECTORY;",
        "elif test \"$(id -u)\" = 0; then root=/var/lib/imagefabric/engine;",
        "else root=${XDG_DATA_HOME:-${HOME:-}/.local/share}/imagefabric/engine; fi;",
        "directory=$root/$digest; engine=$directory/imagefabric;",
        "own() { for p; do test -n \"$(find -H \"$p\" -prune -user \"$(id -u)\" -print -o -prune -user 0 -print)\" &&",
        "test -z \"$(find -H \"$p\" -prune -perm -0020 -print -o -prune -perm -0002 -print)\" ||",
        "fail \"$p belongs to somebody else, or others may write to it: remove it\"; done; };",
        "if test -x \"$engine\"; then own \"$root\" \"$directory\" \"$engine\"; say HAVE; else",
        "new=; clean() { test -z \"$new\" || rm -f \"$new\" \"$new.gz\" \"$new.get\" \"$new.end\"; }; trap clean EXIT; trap \"exit 1\" HUP INT TERM PIPE;",
        "mkdir -p \"$directory\" || fail \"cannot make $directory\"; own \"$root\" \"$directory\";",
        "find \"$directory\" -name \".new.*\" -mmin +60 -exec rm -f {} +;",
        "new=$(mktemp \"$directory/.new.XXXXXX\") || fail \"cannot write into $directory\";",
        "whole() { sum=$(sha256sum < \"$new\") || fail \"sha256sum does not run\"; test \"${sum%% *}\" = \"$digest\"; };",
        "get() { case $tool in curl) exec curl -fsS --connect-timeout 5 -y 15 -Y 1000 \"$1\";; *) exec wget -nv -T 15 -t 1 -O - \"$1\";; esac; };",
        "tool=; for t in wget curl; do command -v $t > /dev/null 2>&1 && tool=$t; done;",
        "self() { read -r me rest < /proc/self/stat; echo $me; };",
        "pid() { until test -s \"$1\"; do sleep 1; done; cat \"$1\"; };",
        "exec 3<&0; have=; while test -z \"$have\"; do say NEED $tool; read -r answer || exit 1; case $answer in",
        "AGAIN) test -x \"$engine\" && have=HAVE;;",
        "http*|file*) rm -f \"$new.get\" \"$new.end\";",
        "{ self > \"$new.end\"; read -r end <&3 || kill $(pid \"$new.get\"); } &",
        "( self > \"$new.get\"; get \"$answer\" > \"$new.gz\" < /dev/null 3<&- ) && gzip -dc < \"$new.gz\" | head -c 268435456 > \"$new\" && whole && have=READY;",
        "kill $(pid \"$new.end\"); tool=; rm -f \"$new.gz\" \"$new.get\" \"$new.end\";;",
        "*) size=$(echo \"$answer\" | tr -cd 0-9);",
        "head -c \"$size\" | gzip -dc | head -c 268435456 > \"$new\" || fail \"cannot write $new\";",
        "whole || fail \"what arrived is not what was sent\"; have=READY;; esac; done; exec 3<&-;",
        "test $have = HAVE && rm -f \"$new\" ||",
        "{ chmod 755 \"$new\" && sync \"$new\" && mv -f \"$new\" \"$engine\" || fail \"cannot make $engine\"; };",
        "new=; say $have; fi;",
        "exec \"$engine\" serve",
    ];

    /// <summary>What the user's shell on the host is to run. The digest is the only thing in it that varies.</summary>
    public static string Command(string digest) => $"exec sh -c '{string.Join(" ", Script)}' imagefabric {digest}";

    /// <summary>Does this side of the handshake; after it the engine on the host waits for its request.</summary>
    /// <param name="ssh">The connection.</param>
    /// <param name="host">The host.</param>
    /// <param name="upload">The engine, for a host that does not have it.</param>
    /// <param name="grants">Gives an address of the engine in the store, which is tried first. Null: there is no store to take it from.</param>
    /// <param name="observer">Hears of an installation.</param>
    /// <param name="slot">The host's place among others. Null: there are no others.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="FleetException">The host cannot be reached or cannot run the engine.</exception>
    public static async Task EstablishAsync(
        EngineProcess ssh, HostAddress host, EngineUpload upload, IGrantSource? grants, IEngineObserver? observer, HostSlot? slot, CancellationToken cancellationToken)
    {
        Task<string?> first = AnswerAsync(ssh, cancellationToken);
        string? answer = await (slot?.AwaitAsync(first, cancellationToken) ?? first).ConfigureAwait(false);
        if (answer is null)
        {
            int exitCode = await ssh.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            throw SshFailure.BeforeHandshake(host, exitCode, await ssh.DiagnosticsAsync(cancellationToken).ConfigureAwait(false));
        }

        if (IsNeed(answer))
            answer = await InstallAsync(ssh, host, upload, grants, observer, answer, cancellationToken).ConfigureAwait(false);
        if (answer is not ("HAVE" or "READY"))
            throw await RefusedAsync(ssh, host, answer, cancellationToken).ConfigureAwait(false);
    }

    // One connection at a time brings the engine to a host; those that waited meanwhile have the host look again.
    private static async Task<string?> InstallAsync(
        EngineProcess ssh, HostAddress host, EngineUpload upload, IGrantSource? grants, IEngineObserver? observer, string? answer, CancellationToken cancellationToken)
    {
        SemaphoreSlim turn = upload.TurnOf(host);
        bool first = turn.Wait(0, CancellationToken.None);
        if (!first)
            await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!first)
                answer = await AskAsync(ssh, "AGAIN", cancellationToken).ConfigureAwait(false);
            if (IsNeed(answer) && answer != Need && grants is not null)
                answer = await FetchAsync(ssh, host, upload, grants, observer, answer, cancellationToken).ConfigureAwait(false);
            if (!IsNeed(answer))
                return answer;

            // The host may refuse in mid-upload, so its answer is read meanwhile.
            byte[] program = await upload.Compressed.OrCancelled(cancellationToken).ConfigureAwait(false);
            Task sending = SendAsync(ssh, host, program, observer, cancellationToken);
            answer = await AnswerAsync(ssh, cancellationToken).ConfigureAwait(false);
            if (answer == "READY")
                await sending.ConfigureAwait(false);
            return answer;
        }
        finally
        {
            turn.Release();
        }
    }

    // The host takes the engine from the store where it can; that it cannot is no failure, since it can have it from here.
    private static async Task<string?> FetchAsync(
        EngineProcess ssh, HostAddress host, EngineUpload upload, IGrantSource grants, IEngineObserver? observer, string? answer, CancellationToken cancellationToken)
    {
        string why = "the download failed";
        try
        {
            string key = upload.StoreKey(await upload.Digest.OrCancelled(cancellationToken).ConfigureAwait(false));
            GrantEvent granted = await grants.GrantAsync(new DemandEvent { Objects = [key] }, cancellationToken).ConfigureAwait(false);
            if (granted.Objects?.FirstOrDefault(o => o.Key == key)?.Url is { } address && Uri.TryCreate(address, UriKind.Absolute, out Uri? uri))
                answer = await AskAsync(ssh, uri.AbsoluteUri, cancellationToken).ConfigureAwait(false);
        }
        catch (FleetException e)
        {
            why = e.Message;
        }

        if (IsNeed(answer))
            observer?.OnLog(new LogEvent { Level = LogEvent.Verbose, Message = $"{host.Name} does not get the engine from the store, but from here: {why}" });
        return answer;
    }

    private static bool IsNeed(string? answer) => answer is not null && (answer == Need || answer.StartsWith(Need + " ", StringComparison.Ordinal));

    private static async Task<string?> AskAsync(EngineProcess ssh, string line, CancellationToken cancellationToken)
    {
        try
        {
            await ssh.WriteLineAsync(line, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The host stopped reading; why, is in its answer.
        }

        return await AnswerAsync(ssh, cancellationToken).ConfigureAwait(false);
    }

    // Skips what the host's shell start-up files print.
    private static async Task<string?> AnswerAsync(EngineProcess ssh, CancellationToken cancellationToken)
    {
        for (int lines = 0; lines < NoiseLimit; lines++)
        {
            string? line = await ssh.ReadLineAsync(cancellationToken).ConfigureAwait(false);
            if (line is null)
                return null;
            if (line.StartsWith(Mark, StringComparison.Ordinal))
                return line.Substring(Mark.Length).TrimEnd();
        }

        return "FAILED the login prints too much of its own";
    }

    private static async Task SendAsync(
        EngineProcess ssh, HostAddress host, byte[] program, IEngineObserver? observer, CancellationToken cancellationToken)
    {
        byte[] size = Encoding.ASCII.GetBytes(program.Length.ToString(CultureInfo.InvariantCulture) + "\n");
        try
        {
            await ssh.WriteAsync(Write, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The host stopped reading; why, is in its answer.
        }

        void Write(Stream input)
        {
            var progress = new ProgressEvent { Activity = $"Installing the engine on {host.Name}", BytesTotal = program.Length };
            var sinceProgress = Stopwatch.StartNew();
            input.Write(size, 0, size.Length);
            for (int offset = 0; offset < program.Length; offset += PieceLength)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int length = Math.Min(PieceLength, program.Length - offset);
                input.Write(program, offset, length);
                if (sinceProgress.Elapsed < ProgressPeriod && offset + length < program.Length)
                    continue;
                progress.BytesDone = offset + length;
                observer?.OnProgress(progress);
                sinceProgress.Restart();
            }
        }
    }

    private static async Task<FleetException> RefusedAsync(
        EngineProcess ssh, HostAddress host, string? answer, CancellationToken cancellationToken)
    {
        if (answer is not null && answer.StartsWith("UNSUPPORTED ", StringComparison.Ordinal))
            return HostShell.Another(new FleetException("HostNotSupported", host.Name, $"The host is {answer.Substring(12)}; there are engines for Linux and Windows on x86-64 only."));
        string diagnostics = await ssh.DiagnosticsAsync(cancellationToken).ConfigureAwait(false);
        if (answer is null && await ssh.WaitForExitAsync(cancellationToken).ConfigureAwait(false) == SshFailure.ExitCode)
            return SshFailure.InMidWork(host, diagnostics);
        string why = answer is not null && answer.StartsWith("FAILED ", StringComparison.Ordinal) ? answer.Substring(7) : "the installation ended early";
        return new FleetException("EngineInstallFailed", host.Name, $"The engine could not be put on the host: {why}.{OutputTail.LastWords(diagnostics)}");
    }
}
