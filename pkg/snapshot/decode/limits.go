package decode

import (
	"io"
)

// The limits of Read. A snapshot of 1,000 tenants has a few MiB packed and about 30 MiB
// unpacked; a much larger one is an attack.
const (
	// MaxPacked is the size of the file, in bytes.
	MaxPacked = 64 << 20
	// MaxUnpacked is the size of the tar in it, and of all its files together.
	MaxUnpacked = 128 << 20
	// MaxEntries is the number of files in the tar: one for each kind.
	MaxEntries = 10_000
	// MaxIndex is the size of the index, in bytes.
	MaxIndex = 16 << 20
	// MaxPrinted is the size of all files together that kubectl printed, in bytes:
	// thousands of tenants, printed with indentation.
	MaxPrinted = 256 << 20
	// MaxObject is the size of one object, in bytes: etcd accepts 1.5 MiB, and indentation
	// adds to that.
	MaxObject = 8 << 20
	// MaxObjects is the number of objects in all files.
	MaxObjects = 1 << 20
	// MaxValues is the number of scalars, lists and maps in all objects. In
	// memory each of them takes some 50 bytes, however short it is in the file.
	MaxValues = 24 << 20
	// maxMarks is the number of values of one object in YAML that is not JSON, including text
	// that looks like values: schemas reach some 30,000, and a ConfigMap with a table a few
	// hundred thousand.
	maxMarks = 1 << 20
)

// LimitedReader returns at most a number of bytes, then its own error: io.LimitReader would
// report the end of the file.
type LimitedReader struct {
	From io.Reader
	Left int64
	Over error
	// Ended is set when the underlying reader has reached its end.
	Ended bool
}

// Read reads from the underlying reader.
func (l *LimitedReader) Read(p []byte) (int, error) {
	if l.Left < 0 {
		return 0, l.Over
	}
	if int64(len(p)) > l.Left+1 {
		p = p[:l.Left+1]
	}
	n, err := l.From.Read(p)
	l.Ended = err == io.EOF
	if l.Left -= int64(n); l.Left < 0 {
		return n - 1, l.Over
	}
	return n, err
}
