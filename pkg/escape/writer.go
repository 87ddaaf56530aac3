package escape

import (
	"bytes"
	"io"
	"sync"
	"unicode/utf8"
)

// Writer shows every control character except line feed and tab, whatever wrote it, and
// writes the text to another writer. It is safe for concurrent use.
type Writer struct {
	mu sync.Mutex
	w  io.Writer
	// part is the beginning of a character whose other bytes have not been written yet.
	part []byte
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes p with its control characters shown.
func (e *Writer) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := p
	if len(e.part) > 0 {
		text = append(e.part, p...)
		e.part = nil
	}
	if whole := len(text) - incomplete(text); whole < len(text) {
		e.part = bytes.Clone(text[whole:])
		text = text[:whole]
	}
	if _, err := e.w.Write(visible(text)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes the bytes of a character that was never completed.
func (e *Writer) Flush() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	part := e.part
	e.part = nil
	return e.send(visible(part))
}

// writeClean writes what Styled has cleaned and coloured.
func (e *Writer) writeClean(p []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	p = append(visible(e.part), p...)
	e.part = nil
	return e.send(p)
}

func (e *Writer) send(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	_, err := e.w.Write(p)
	return err
}

// Raw returns the underlying writer, for output that programs read.
func (e *Writer) Raw() io.Writer { return e.w }

// incomplete is the number of bytes at the end that are the beginning of a character.
func incomplete(p []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(p)); n++ {
		if last := p[len(p)-n]; utf8.RuneStart(last) {
			if last >= utf8.RuneSelf && !utf8.FullRune(p[len(p)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// visible shows the control characters of a text except line feeds and tabs. It returns the
// same slice if there are none.
func visible(p []byte) []byte {
	clean := cleanPrefix(p)
	if clean == len(p) {
		return p
	}
	b := append(make([]byte, 0, len(p)+64), p[:clean]...)
	for i := clean; i < len(p); {
		r, size := utf8.DecodeRune(p[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = appendByte(b, p[i])
		case r != '\n' && r != '\t' && hidden(r):
			b = appendVisible(b, r)
		default:
			b = append(b, p[i:i+size]...)
		}
		i += size
	}
	return b
}

// cleanPrefix is the length of what needs no change.
func cleanPrefix(p []byte) int {
	for i := 0; i < len(p); {
		c := p[i]
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(p[i:])
		if c < utf8.RuneSelf || r == utf8.RuneError && size == 1 || hidden(r) {
			return i
		}
		i += size
	}
	return len(p)
}
