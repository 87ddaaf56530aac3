package decode

import (
	"io"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// Budget counts what has been read of all files of a command together.
type Budget struct {
	bytes   int64
	objects int
	values  int64
	memory  int64
}

// FreeMemory is how much memory objects may take regardless of the size of their files; see
// memoryOf. Above it, the limit is a multiple of that size: one for what kubectl printed,
// which is indented, and one for snapshots, which are not.
const (
	FreeMemory    = 64 << 20
	printedMemory = 5
	SavedMemory   = 10
)

// Reader counts what is read, and ends with an error when it is too much.
func (b *Budget) Reader(from io.Reader) io.Reader { return budgetReader{b, from} }

type budgetReader struct {
	budget *Budget
	from   io.Reader
}

func (r budgetReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if r.budget.bytes += int64(n); r.budget.bytes > MaxPrinted {
		return 0, ErrTooMuchPrinted
	}
	return n, err
}

// ErrTooMuchPrinted is the error of files that are larger than MaxPrinted together.
var ErrTooMuchPrinted = TooLarge("the output of kubectl has more than %d MiB", MaxPrinted>>20)

// Pieces are a complete text, which is read before any of it is decoded. A single slice is
// copied when it grows, which takes twice the memory.
type Pieces [][]byte

// ReadPieces reads a text to its end.
func ReadPieces(from io.Reader) (Pieces, error) {
	const size = 1 << 20
	var all Pieces
	for {
		b := make([]byte, size)
		n, err := io.ReadFull(from, b)
		if all = append(all, b[:n]); err == io.EOF || err == io.ErrUnexpectedEOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// Reader reads the text from its beginning.
func (p Pieces) Reader() io.Reader { return &piecesReader{left: slices.Clone(p)} }

// piecesReader releases each piece after it has been read.
type piecesReader struct {
	left Pieces
	at   int
}

func (r *piecesReader) Read(p []byte) (int, error) {
	for len(r.left) > 0 && r.at == len(r.left[0]) {
		r.left[0], r.left, r.at = nil, r.left[1:], 0
	}
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.left[0][r.at:])
	r.at += n
	return n, nil
}

// Take counts an object that lies at a depth in its file.
func (b *Budget) Take(value any, depth int, file string) error {
	values, memory, err := weigh(value, depth, file)
	b.objects++
	b.values += values
	b.memory += memory
	switch {
	case err != nil:
		return err
	case b.objects > MaxObjects:
		return TooLarge("the files have more than %d objects", MaxObjects)
	case b.values > MaxValues:
		return TooLarge("the objects have more than %d values", MaxValues)
	case b.memory > FreeMemory+printedMemory*b.bytes:
		return tooMuchMemory(file, printedMemory)
	}
	return nil
}

// weigh counts the values of an object that lies at a depth in its file, and about how many
// bytes they take. An object that is too deep is an error.
func weigh(value any, depth int, file string) (values, memory int64, err error) {
	values, ok := measure(value, depth)
	if !ok {
		return values, 0, TooLarge("%s has an object that is more than %d levels deep", file, mask.MaxDepth)
	}
	return values, memoryOf(value), nil
}

func tooMuchMemory(file string, times int) error {
	return TooLarge("%s has so many small values that they require more than %d times the size of the file in memory", file, times)
}

// memoryOf is about how many bytes a decoded value takes: what Go 1.26 allocates for
// maps (groups of eight slots, doubled as they fill), interfaces and strings.
func memoryOf(value any) int64 {
	const slots, slot, mapHeader, word = 8, 32, 56, 16
	switch v := value.(type) {
	case map[string]any:
		room := int64(slots)
		for int64(len(v))*8 > room*7 && len(v) > slots {
			room *= 2
		}
		sum := mapHeader + room*slot
		for key, inner := range v {
			sum += int64(len(key)) + memoryOf(inner)
		}
		return sum
	case []any:
		sum := int64(24 + word*cap(v))
		for _, inner := range v {
			sum += memoryOf(inner)
		}
		return sum
	case string:
		return word + int64(len(v))
	}
	return word / 2
}
