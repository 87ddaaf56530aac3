package snapshot

import "io"

// The limits of Read. A snapshot of 1,000 tenants has a few MiB packed and about 30 MiB
// unpacked; a much larger one is an attack.
const (
	// maxPacked is the size of the file, in bytes.
	maxPacked = 64 << 20
	// maxUnpacked is the size of the tar in it, and of all its files together.
	maxUnpacked = 128 << 20
	// maxEntries is the number of files in the tar: one for each kind.
	maxEntries = 10_000
	// maxIndex is the size of the index, in bytes.
	maxIndex = 16 << 20
	// maxPrinted is the size of all files together that kubectl printed, in bytes:
	// thousands of tenants, printed with indentation.
	maxPrinted = 256 << 20
	// maxObject is the size of one object, in bytes: etcd takes 1.5 MiB, and
	// indentation adds to that.
	maxObject = 8 << 20
	// maxObjects is the number of objects in all files.
	maxObjects = 1 << 20
	// maxValues is the number of scalars, lists and maps in all objects. In
	// memory each of them takes some 50 bytes, however short it is in the file.
	maxValues = 24 << 20
	// maxMarks is the number of values of one object in YAML that is not JSON, and of
	// what looks like them in its texts: schemas reach some 30,000, and a ConfigMap with
	// a table a few hundred thousand.
	maxMarks = 1 << 20
	// maxDepth is how deep maps and lists may lie in each other. Schemas in
	// CustomResourceDefinitions, the deepest there are, reach about 50.
	maxDepth = 100
)

// limitedReader gives at most so many bytes, then its own error: io.LimitReader
// would pretend that the file ended.
type limitedReader struct {
	from io.Reader
	left int64
	over error
	// ended: the reader beneath is at its proper end.
	ended bool
}

// Read reads from the reader beneath.
func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, l.over
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.from.Read(p)
	l.ended = err == io.EOF
	if l.left -= int64(n); l.left < 0 {
		return n - 1, l.over
	}
	return n, err
}
