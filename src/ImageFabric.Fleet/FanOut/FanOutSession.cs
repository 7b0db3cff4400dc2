using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// One image on its way to many hosts that give it to each other: hears what each has, keeps the schedule, and sends orders. Safe to use from many threads.
/// </summary>
internal sealed class FanOutSession : IDisposable
{
    // An image has about a thousand; each pack may begin one more.
    private const int MostPieces = 1 << 16;
    private const int CertificateDigits = 64;
    private const int FirstPortOfUsers = 1024;
    private const int IndexReadersAtOnce = 4;
    private const int TokenLength = 32;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IndexPatience = TimeSpan.FromSeconds(20);

    private readonly object _gate = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Dictionary<int, FanOutGroup> _groups = [];
    private readonly List<FanOutMember> _indexHolders = [];
    private readonly Timer _ticking;
    private TaskCompletionSource<bool> _indexNews = NewsSource();
    private bool _indexIsFetched;

    /// <summary>Begins.</summary>
    /// <param name="grants">Gives addresses of the store's objects.</param>
    /// <param name="route">The store's address; null when it is no server.</param>
    /// <param name="peerNetworks">Networks in which hosts give to each other; empty: where each was reached.</param>
    public FanOutSession(IGrantSource grants, string? route, string[] peerNetworks)
    {
        Grants = grants;
        byte[] token = new byte[TokenLength];
        using (var random = RandomNumberGenerator.Create())
            random.GetBytes(token);
        Terms = new FanOutTerms { Token = BitConverter.ToString(token).Replace("-", "").ToLowerInvariant(), Route = route, Networks = peerNetworks.Length > 0 ? peerNetworks : null };
        _ticking = new Timer(_ => Pump(true), null, Tick, Tick);
    }

    /// <summary>Gives addresses of the store's objects.</summary>
    public IGrantSource Grants { get; }

    /// <summary>What the hosts' engines are told.</summary>
    public FanOutTerms Terms { get; }

    /// <summary>One more host.</summary>
    /// <param name="host">Its name.</param>
    /// <param name="accepts">Whether others may be sent to an address of it.</param>
    /// <param name="warn">Told what the user should know of it.</param>
    public FanOutMember Join(string host, Func<IPAddress, bool> accepts, Action<string> warn) => new(this, host, accepts, warn);

    /// <summary>A host has said what it has.</summary>
    public void Take(FanOutMember member, OfferEvent offer)
    {
        if (offer.Pieces is < 0 or > MostPieces)
            throw Refused(member, $"it cuts the image into {offer.Pieces} pieces");
        HolderAddress? holder = HolderOf(member, offer);
        PieceSet? held = offer.Held is null || offer.Pieces == 0 ? null : HeldOf(member, offer);
        lock (_gate)
        {
            if (member.Left || member.Id != 0)
                return;
            if (holder is not null && member.Holder is null)
                _indexHolders.Add(member);
            member.Holder ??= holder;
            StopReadingIndex(member);
            if (held is null)
                return;
            if (!_groups.TryGetValue(offer.Pieces, out FanOutGroup? group))
                _groups.Add(offer.Pieces, group = new FanOutGroup(offer.Pieces));
            member.Group = group;
            member.Id = group.Schedule.Join(held, member.Holder is not null);
            if (member.Holder is not null)
                member.Holder.Id = member.Id;
            group.Members.Add(member.Id, member);
        }

        Pump(false);
    }

    /// <summary>A host has said what became of a piece.</summary>
    public void Take(FanOutMember member, PieceEvent piece)
    {
        lock (_gate)
        {
            if (member.Group?.Schedule is not { } schedule || piece.Piece < 0 || piece.Piece >= schedule.Pieces)
                throw Refused(member, $"it speaks of piece {piece.Piece}");
            if (piece.Failure is null)
                schedule.Done(member.Id, piece.Piece, _clock.Elapsed.TotalSeconds);
            else
                schedule.Failed(member.Id, piece.Piece, piece.Source);
        }

        Pump(false);
    }

    /// <summary>A host has gone.</summary>
    public void Leave(FanOutMember member)
    {
        lock (_gate)
        {
            if (member.Left)
                return;
            member.Left = true;
            _indexHolders.Remove(member);
            StopReadingIndex(member);
            if (member.Group is null)
                return;
            member.Group.Members.Remove(member.Id);
            member.Group.Schedule.Leave(member.Id);
        }

        Pump(false);
    }

    /// <summary>The host that is to give the index to this one; null: the store. The first takes it from the store and the others wait for it.</summary>
    public async Task<HolderAddress?> IndexHolderAsync(FanOutMember member, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            Task news;
            lock (_gate)
            {
                FanOutMember? holder = _indexHolders.Where(h => h.IndexReaders < IndexReadersAtOnce && !IsDropped(h)).OrderBy(h => h.IndexReaders).FirstOrDefault();
                if (holder is not null)
                {
                    holder.IndexReaders++;
                    member.IndexFrom = holder;
                    return holder.Holder;
                }

                if ((!_indexIsFetched && _indexHolders.Count == 0) || waited.Elapsed > IndexPatience)
                {
                    _indexIsFetched = true;
                    member.FetchesIndex = true;
                    return null;
                }

                news = _indexNews.Task;
            }

            await Task.WhenAny(news, Task.Delay(Tick, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Gives no more orders.</summary>
    public void Dispose() => _ticking.Dispose();

    private void Pump(bool all)
    {
        lock (_gate)
        {
            foreach (FanOutGroup group in _groups.Values)
            {
                foreach (IGrouping<int, FanOutOrder> orders in group.Schedule.Next(_clock.Elapsed.TotalSeconds, all).GroupBy(static o => o.Host))
                    Send(group, group.Members[orders.Key], [.. orders]);
            }
        }
    }

    // In the lock: what is sent first arrives first, and a host is named before it is first spoken of.
    private static void Send(FanOutGroup group, FanOutMember member, FanOutOrder[] orders)
    {
        HolderAddress[] named = [.. orders.Select(static o => o.Source).Where(s => s != FanOutSchedule.Store && member.Known.Add(s)).Select(s => group.Members[s].Holder!)];
        member.Send(new OrderEvent
        {
            Pieces = [.. orders.Select(static o => new OrderedPiece { Piece = o.Piece, Source = o.Source })],
            Holders = named.Length > 0 ? named : null,
        });
    }

    private void StopReadingIndex(FanOutMember member)
    {
        if (member.IndexFrom is { } holder)
            holder.IndexReaders--;
        if (member.FetchesIndex)
            _indexIsFetched = false;
        member.IndexFrom = null;
        member.FetchesIndex = false;
        TaskCompletionSource<bool> news = _indexNews;
        _indexNews = NewsSource();
        news.TrySetResult(true);
    }

    private static bool IsDropped(FanOutMember member) => member.Group is { } group && group.Schedule.IsDropped(member.Id);

    // What one host says here, all others act on: it is checked before any of them hears of it.
    private static HolderAddress? HolderOf(FanOutMember member, OfferEvent offer)
    {
        if (offer.Address is null)
            return null;
        if (!IPAddress.TryParse(offer.Address, out IPAddress? address) || offer.Port is < FirstPortOfUsers or > ushort.MaxValue)
            throw Refused(member, $"it gives pieces at {offer.Address} port {offer.Port}");
        if (offer.Certificate is not { Length: CertificateDigits } certificate || !certificate.All(Uri.IsHexDigit))
            throw Refused(member, "its certificate is none");
        if (member.Accepts(address))
            return new HolderAddress { Address = address.ToString(), Port = offer.Port, Certificate = certificate };
        if (member.Holder is null && !member.Left)
            member.Warn($"{member.Host} gives nothing to other hosts: {address} is not the address it was reached by. Name the network in which hosts may ask each other.");
        return null;
    }

    private static PieceSet HeldOf(FanOutMember member, OfferEvent offer)
    {
        try
        {
            return PieceSet.Parse(offer.Held!, offer.Pieces);
        }
        catch (FormatException e)
        {
            throw Refused(member, e.Message);
        }
    }

    private static FleetException Refused(FanOutMember member, string why) =>
        new("EngineFailed", member.Host, $"The engine on the host said what cannot be in a fan-out: {why}.");

    private static TaskCompletionSource<bool> NewsSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
