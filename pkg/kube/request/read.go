package request

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// Answers are read into pieces of memory that all requests share: they leave nothing for the
// garbage collector.
const (
	pieceSize = 256 << 10
	// pieces is their number: the limit for all answers that are being read.
	pieces = 12 << 20 / pieceSize
)

// Body is the body of an answer, which is valid until the function returns that it is passed to.
type Body struct{ pieces [][]byte }

// NewBody is a body of one piece.
func NewBody(body []byte) Body { return Body{[][]byte{body}} }

// Bytes is the body as one piece of memory, which is a copy.
func (b Body) Bytes() []byte { return bytes.Join(b.pieces, nil) }

// Reader reads the body.
func (b Body) Reader() io.Reader {
	readers := make([]io.Reader, len(b.pieces))
	for i, piece := range b.pieces {
		readers[i] = bytes.NewReader(piece)
	}
	return io.MultiReader(readers...)
}

// free has the pieces that no answer uses; nil stands for one that was never used.
var free = newPieces()

// alone has the pieces of the one answer that may be read while no piece is free: answers
// that wait for each other's pieces would never end.
var alone = newAlone()

func newPieces() chan []byte {
	all := make(chan []byte, pieces)
	for range pieces {
		all <- nil
	}
	return all
}

func newAlone() chan [][]byte {
	one := make(chan [][]byte, 1)
	one <- nil
	return one
}

// reading is an answer that is being read. It holds its pieces until it is released, so that
// the limit includes answers that are being decoded.
type reading struct {
	held [][]byte // from free
	// alone is set for the one answer that uses alone, with the pieces that it may use and
	// has used.
	alone     bool
	own, used [][]byte
}

// whole reads a body to its end, unless it is larger than limit bytes.
func (r *reading) whole(ctx context.Context, body io.Reader, limit int64) (Body, error) {
	var full [][]byte
	size := int64(0)
	for {
		piece, err := r.piece(ctx)
		if err != nil {
			return Body{}, err
		}
		n := 0
		for n < len(piece) && err == nil {
			var more int
			more, err = body.Read(piece[n:])
			n += more
		}
		full, size = append(full, piece[:n]), size+int64(n)
		switch {
		case size > limit:
			return Body{}, tooLarge(limit)
		case errors.Is(err, io.EOF):
			return Body{full}, nil
		case err != nil:
			return Body{}, err
		}
	}
}

// piece is one more piece of memory to read into.
func (r *reading) piece(ctx context.Context) ([]byte, error) {
	select {
	case piece := <-free:
		return r.hold(piece), nil
	default:
	}
	if r.alone {
		return r.ownPiece(), nil
	}
	select {
	case piece := <-free:
		return r.hold(piece), nil
	case r.own = <-alone:
		r.alone = true
		return r.ownPiece(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *reading) hold(piece []byte) []byte {
	if piece == nil {
		piece = make([]byte, pieceSize)
	}
	r.held = append(r.held, piece)
	return piece
}

func (r *reading) ownPiece() []byte {
	if len(r.own) == 0 {
		r.own = [][]byte{make([]byte, pieceSize)}
	}
	piece := r.own[0]
	r.own, r.used = r.own[1:], append(r.used, piece)
	return piece
}

// release returns the pieces.
func (r *reading) release() {
	for _, piece := range r.held {
		free <- piece
	}
	r.held = nil
	if r.alone {
		alone <- append(r.used, r.own...)
		r.alone, r.own, r.used = false, nil, nil
	}
}
