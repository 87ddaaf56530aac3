package podlogs

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// maxLine is how much of a line is read; the rest is skipped. Programs write longer lines only by
// mistake, and a line without end must not fill the memory.
const maxLine = 64 << 10

// lineReader reads lines of limited length.
type lineReader struct {
	in *bufio.Reader
	// buf holds a line that does not fit into the reader's buffer.
	buf []byte
}

func newLineReader(in io.Reader) *lineReader { return &lineReader{in: bufio.NewReaderSize(in, 8<<10)} }

// next returns the next line without its line feed, valid until the next call, and how many
// bytes of it were skipped. complete is false for the text after the last line feed, which is
// returned with the error that ended it.
func (r *lineReader) next() (text []byte, skipped int64, complete bool, err error) {
	r.buf = r.buf[:0]
	for {
		piece, err := r.in.ReadSlice('\n')
		full := errors.Is(err, bufio.ErrBufferFull)
		if err == nil && len(r.buf) == 0 {
			return piece[:len(piece)-1], 0, true, nil
		}
		if err == nil {
			piece = piece[:len(piece)-1]
		}
		kept := min(len(piece), maxLine-len(r.buf))
		r.buf = append(r.buf, piece[:kept]...)
		skipped += int64(len(piece) - kept)
		if !full {
			text, complete = r.buf, err == nil
			if cap(r.buf) > maxLine/4 {
				r.buf = nil // the next lines are likely short
			}
			return text, skipped, complete, err
		}
	}
}

// stamped splits a line into its time, which the kubelet writes before it, and its text. ok is
// false if it has none.
func stamped(text []byte) (at time.Time, rest []byte, ok bool) {
	stamp, rest, found := bytes.Cut(text, []byte(" "))
	if !found {
		stamp, rest = bytes.TrimSuffix(text, []byte("\r")), nil // an empty line
	}
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return time.Time{}, text, false
	}
	return at, rest, true
}
