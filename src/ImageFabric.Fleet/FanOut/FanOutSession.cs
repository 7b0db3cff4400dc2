using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
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
    private const int MostPieces = 1 << 20;
    private const int IndexReadersAtOnce = 4;
    private const int TokenLength = 32;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IndexPatience = TimeSpan.FromSeconds(20);

    private readonly object _gate = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Dictionary<int, FanOutMember> _members = [];
    private readonly List<FanOutMember> _indexHolders = [];
    private readonly Timer _ticking;
    private FanOutSchedule? _schedule;
    private TaskCompletionSource<bool> _indexNews = NewsSource();
    private bool _indexIsFetched;

    /// <summary>Begins.</summary>
    /// <param name="grants">Gives addresses of the store's objects.</param>
    /// <param name="route">The store's address; null when it is no server.</param>
    public FanOutSession(IGrantSource grants, string? route)
    {
        Grants = grants;
        byte[] token = new byte[TokenLength];
        using (var random = RandomNumberGenerator.Create())
            random.GetBytes(token);
        Terms = new FanOutTerms { Token = BitConverter.ToString(token).Replace("-", "").ToLowerInvariant(), Route = route };
        _ticking = new Timer(_ => Pump(true), null, Tick, Tick);
    }

    /// <summary>Gives addresses of the store's objects.</summary>
    public IGrantSource Grants { get; }

    /// <summary>What the hosts' engines are told.</summary>
    public FanOutTerms Terms { get; }

    /// <summary>One more host.</summary>
    public FanOutMember Join(string host) => new(this, host);

    /// <summary>A host has said what it has.</summary>
    public void Take(FanOutMember member, OfferEvent offer)
    {
        if (offer.Pieces is < 0 or > MostPieces)
            throw Refused(member, $"it cuts the image into {offer.Pieces} pieces");
        lock (_gate)
        {
            if (member.Left || member.Id != 0)
                return;
            if (offer.Address is not null && member.Holder is null)
                _indexHolders.Add(member);
            member.Holder ??= HolderOf(offer);
            StopReadingIndex(member);
            if (offer.Held is null || offer.Pieces == 0)
                return;
            _schedule ??= new FanOutSchedule(offer.Pieces, new FanOutLimits(), Environment.TickCount);
            if (_schedule.Pieces != offer.Pieces)
                throw Refused(member, $"it cuts the image into {offer.Pieces} pieces and others into {_schedule.Pieces}");
            member.Id = _schedule.Join(HeldOf(member, offer), member.Holder is not null);
            if (member.Holder is not null)
                member.Holder.Id = member.Id;
            _members.Add(member.Id, member);
        }

        Pump(false);
    }

    /// <summary>A host has said what became of a piece.</summary>
    public void Take(FanOutMember member, PieceEvent piece)
    {
        lock (_gate)
        {
            if (_schedule is null || member.Id == 0 || piece.Piece < 0 || piece.Piece >= _schedule.Pieces)
                throw Refused(member, $"it speaks of piece {piece.Piece}");
            if (piece.Failure is null)
                _schedule.Done(member.Id, piece.Piece, _clock.Elapsed.TotalSeconds);
            else
                _schedule.Failed(member.Id, piece.Piece, piece.Source);
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
            if (member.Id == 0)
                return;
            _members.Remove(member.Id);
            _schedule!.Leave(member.Id);
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
            if (_schedule is null)
                return;
            foreach (IGrouping<int, FanOutOrder> orders in _schedule.Next(_clock.Elapsed.TotalSeconds, all).GroupBy(static o => o.Host))
                Send(_members[orders.Key], [.. orders]);
        }
    }

    // In the lock: what is sent first arrives first, and a host is named before it is first spoken of.
    private void Send(FanOutMember member, FanOutOrder[] orders)
    {
        HolderAddress[] named = [.. orders.Select(static o => o.Source).Where(s => s != FanOutSchedule.Store && member.Known.Add(s)).Select(s => _members[s].Holder!)];
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

    private bool IsDropped(FanOutMember member) => member.Id != 0 && _schedule!.IsDropped(member.Id);

    private static HolderAddress? HolderOf(OfferEvent offer) => offer is { Address: { } address, Certificate: { } certificate }
        ? new HolderAddress { Address = address, Port = offer.Port, Certificate = certificate }
        : null;

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
