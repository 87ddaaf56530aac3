package escape

import (
	"bytes"
	"crypto/rand"
	"io"
	"strings"
)

// Mark stands for a control sequence in a text until Styled writes it. It cannot occur in
// text from other sources: it begins with random characters, which differ in each run, and an
// invalid byte.
type Mark string

// markStart and markEnd enclose a mark's number.
var markStart = "\xff" + rand.Text()

const markEnd = '\xfe'

// The control sequences that the program writes (ECMA-48: SGR, CUP, EL, ED, and CR).
var sequences = []string{
	"\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[36m",
	"\x1b[H", "\x1b[K", "\x1b[J", "\r",
}

// Reset and the others are the styles of the program's output.
var (
	Reset, Bold                      = mark(0), mark(1)
	Red, Green, Yellow, Purple, Cyan = mark(2), mark(3), mark(4), mark(5), mark(6)
)

// Home and the others move the cursor or erase: to the first position, the rest of a line,
// everything below, to the beginning of the line.
var Home, EraseLine, EraseBelow, LineStart = mark(7), mark(8), mark(9), mark(10)

func mark(number byte) Mark { return Mark(markStart + string([]byte{'A' + number, markEnd})) }

// Styled writes text with marks: control characters of the text are shown, marks become the
// sequences that they stand for. Flush writes the text.
type Styled struct {
	bytes.Buffer
	w io.Writer
}

// NewStyled returns a Styled to w.
func NewStyled(w io.Writer) *Styled { return &Styled{w: w} }

// Flush writes the collected text. If w is a Writer, it passes the sequences of a Styled, and
// those of no other source.
func (s *Styled) Flush() error {
	out := s.text()
	s.Reset()
	if len(out) == 0 {
		return nil
	}
	if clean, ok := s.w.(interface{ writeClean([]byte) error }); ok {
		return clean.writeClean(out)
	}
	_, err := s.w.Write(out)
	return err
}

func (s *Styled) text() []byte {
	text := s.Bytes()
	if !bytes.Contains(text, []byte(markStart)) {
		return visible(text)
	}
	var out []byte
	for i, piece := range strings.Split(string(text), markStart) {
		if i > 0 && len(piece) > 1 && piece[1] == markEnd && int(piece[0]-'A') < len(sequences) {
			out = append(out, sequences[piece[0]-'A']...)
			piece = piece[2:]
		}
		out = append(out, visible([]byte(piece))...)
	}
	return out
}

// Unmarked is the text without marks.
func Unmarked(text string) string {
	if !strings.Contains(text, markStart) {
		return text
	}
	var out strings.Builder
	for i, piece := range strings.Split(text, markStart) {
		if i > 0 && len(piece) > 1 && piece[1] == markEnd {
			piece = piece[2:]
		}
		out.WriteString(piece)
	}
	return out.String()
}
