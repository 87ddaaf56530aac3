package part10

import (
	"bufio"
	"errors"
	"io"
)

// cursor reads a file forward, and seeks over long values if it can.
type cursor struct {
	buf *bufio.Reader
	raw io.Reader
	// seek is nil when r can't.
	seek io.Seeker
	// at is the current position, and end is where the file ends, -1 if unknown.
	at, end int64
}

const seekWorth = 64 << 10

// newCursor begins at r's present position, which counts as at.
func newCursor(r io.Reader, at int64) *cursor {
	c := &cursor{buf: bufio.NewReaderSize(r, 16<<10), raw: r, at: at, end: -1}
	s, ok := r.(io.Seeker)
	if !ok {
		return c
	}
	here, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return c // a pipe is a file that can't seek
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return c
	}
	if _, err := s.Seek(here, io.SeekStart); err != nil {
		return c
	}
	c.seek, c.end = s, at+end-here
	return c
}

// peek returns up to n bytes; fewer only at the end.
func (c *cursor) peek(n int) ([]byte, error) {
	b, err := c.buf.Peek(n)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b, err
}

// skip skips n bytes. The error is io.ErrUnexpectedEOF if the file ends before.
func (c *cursor) skip(n int64) error {
	if c.end >= 0 && n > c.end-c.at {
		return io.ErrUnexpectedEOF
	}
	buffered := int64(c.buf.Buffered())
	if c.seek != nil && n-buffered > seekWorth {
		if _, err := c.seek.Seek(n-buffered, io.SeekCurrent); err != nil {
			return err
		}
		c.buf.Reset(c.raw)
		c.at += n
		return nil
	}
	skipped, err := io.CopyN(io.Discard, c.buf, n)
	c.at += skipped
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}
