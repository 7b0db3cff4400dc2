using ImageFabric.Store.Format;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.FanOut;

/// <summary>
/// The pieces that hosts give to each other: runs of an image's frames that follow one another in one pack. They depend on the index alone, so all hosts
/// number them alike. At most about a thousand, so that who has what is quickly said.
/// </summary>
internal sealed class PieceTable
{
    private const int MostPieces = 1024;
    private const long ShortestPiece = 1 << 20;

    private readonly List<int> ends = [];

    public PieceTable(ImageIndex index)
    {
        long most = Math.Max(ShortestPiece, index.StoredSize / MostPieces);
        long length = 0;
        for (int f = 0; f < index.Frames.Length; f++)
        {
            PackFrame frame = index.Frames[f];
            if (f > 0 && (frame.Pack != index.Frames[f - 1].Pack || length + frame.StoredLength > most))
            {
                ends.Add(f);
                length = 0;
            }

            length += frame.StoredLength;
        }

        if (index.Frames.Length > 0)
            ends.Add(index.Frames.Length);
    }

    /// <summary>How many there are.</summary>
    public int Count => ends.Count;

    /// <summary>The first frame of a piece.</summary>
    public int First(int piece) => piece == 0 ? 0 : ends[piece - 1];

    /// <summary>The first frame behind a piece.</summary>
    public int End(int piece) => ends[piece];

    /// <summary>The frames of a piece that hold chunks which are not in place, ascending.</summary>
    public List<int> MissingFrames(int piece, PullState state, FrameContents contents)
    {
        var missing = new List<int>();
        for (int f = First(piece); f < End(piece); f++)
        {
            foreach (int row in contents.ChunksOf(f))
            {
                if (state.IsDone(row))
                    continue;
                missing.Add(f);
                break;
            }
        }

        return missing;
    }
}
