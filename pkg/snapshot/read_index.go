package snapshot

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/yaml"
)

// readIndex reads the index and finds out which file holds which kind.
func readIndex(r io.Reader) (*index, layout, error) {
	text, err := io.ReadAll(&limitedReader{from: r, left: maxIndex,
		over: tooLarge("%s is larger than %d MiB", indexName, maxIndex>>20)})
	if err != nil {
		return nil, nil, err
	}
	if err := refuseAnchors(text, indexName); err != nil {
		return nil, nil, err
	}
	var found index
	// What it is comes first: of another version nothing else need fit.
	var is struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := yaml.Unmarshal(text, &is); err != nil {
		return nil, nil, damaged(err, "%s can't be read", indexName)
	}
	if err := checkVersion(is.APIVersion, is.Kind); err != nil {
		return nil, nil, err
	}
	if err := yaml.Unmarshal(text, &found); err != nil {
		return nil, nil, damaged(err, "%s can't be read", indexName)
	}
	for i := range found.Asked {
		found.Asked[i].Failure = maskFailure(found.Asked[i].Failure)
	}
	paths, err := newLayout(found.Asked)
	if err != nil {
		return nil, nil, damaged(err, "%s", indexName)
	}
	return &found, paths, nil
}

func checkVersion(version, kind string) error {
	if group, _, _ := strings.Cut(version, "/"); group != apiGroup || kind != indexKind {
		return &ReadError{Reason: ErrForeign,
			Found: fmt.Sprintf("%s says it is %q of %q", indexName, kind, version)}
	}
	if version != apiVersion {
		return &ReadError{Reason: ErrNewer,
			Found: fmt.Sprintf("it is %q, this one reads %q", version, apiVersion)}
	}
	return nil
}

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

// isCorrupt tells whether the bytes are wrong rather than the reader.
func isCorrupt(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, &corrupt)
}
