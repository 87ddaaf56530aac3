package dicom

import (
	"bufio"
	"errors"
	"io"
)

// source returns a message's bytes in fragments: at most len(p) of them, and whether they are
// the last.
type source interface {
	fill(p []byte) (n int, last bool, err error)
}

// inMemory is a command set.
type inMemory struct{ rest []byte }

func (m *inMemory) fill(p []byte) (int, bool, error) {
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, len(m.rest) == 0, nil
}

// streamed is a data set.
type streamed struct {
	r *bufio.Reader
	// pad adds the null byte that PS3.5 section A.5 requires for a deflated data set of odd
	// length, and that some writers omit. Other data sets have an even length, or are
	// damaged; peers abort at an odd fragment.
	pad bool
}

var (
	errEmpty = errors.New("it is empty")
	errOdd   = errors.New("it has an odd number of bytes, so it can't be complete")
)

func (s streamed) fill(p []byte) (int, bool, error) {
	n, last, err := s.read(p)
	if err != nil || n%2 == 0 {
		return n, last, err
	}
	if !s.pad {
		return n, last, errOdd
	}
	p[n] = 0 // there is room, since fragments are even
	return n + 1, last, nil
}

func (s streamed) read(p []byte) (int, bool, error) {
	// Not io.ReadFull: it does not distinguish the end of the data set and a reader that
	// reports io.ErrUnexpectedEOF.
	n := 0
	for n < len(p) {
		m, err := s.r.Read(p[n:])
		n += m
		if err == io.EOF && n == 0 {
			return 0, true, errEmpty
		}
		if err != nil {
			return n, err == io.EOF, ended(err)
		}
	}
	_, err := s.r.Peek(1)
	return n, err == io.EOF, ended(err)
}

func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// sourceError is an error of the data set's reader, not of the connection.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return "reading the data set: " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }
