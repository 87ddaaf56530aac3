package file

import (
	"archive/tar"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// notASnapshot is the error of a file that does not begin with a gzip header.
func notASnapshot(err error) error {
	var own *decode.ReadError
	switch {
	case errors.As(err, &own):
		return err
	case err == io.EOF:
		return &decode.ReadError{Reason: decode.ErrNotASnapshot, Found: "the file is empty"}
	case errors.Is(err, gzip.ErrHeader), err == io.ErrUnexpectedEOF:
		return &decode.ReadError{Reason: decode.ErrNotASnapshot, Found: "the file is neither gzipped nor the output of `kubectl get -o yaml` or `-o json`"}
	}
	return err
}

// explain converts an error of the decoders to an error about the snapshot.
func explain(err error) error {
	var own *decode.ReadError
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &decode.ReadError{Reason: decode.ErrTruncated, Found: "the file ends unexpectedly"}
	case errors.Is(err, tar.ErrHeader):
		return &decode.ReadError{Reason: decode.ErrNotASnapshot, Found: "it contains no tar archive"}
	case isCorrupt(err):
		return decode.Damaged(err, "it can't be unpacked")
	}
	return err
}

// isCorrupt reports whether an error is one of the content and not of the reader.
func isCorrupt(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, &corrupt)
}
