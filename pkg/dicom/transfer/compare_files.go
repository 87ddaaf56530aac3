package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
)

// sameBytes compares two files, a block of each at a time.
func sameBytes(ctx context.Context, one, other string) (bool, error) {
	a, err := os.Open(one)
	if err != nil {
		return false, err
	}
	defer func() { _ = a.Close() }()
	b, err := os.Open(other)
	if err != nil {
		return false, err
	}
	defer func() { _ = b.Close() }()
	const block = 64 << 10
	left, right := make([]byte, block), make([]byte, block)
	for {
		n, errA := readBlock(cancellable{a, ctx}, left)
		m, errB := readBlock(cancellable{b, ctx}, right)
		if err := errors.Join(errA, errB); err != nil || !bytes.Equal(left[:n], right[:m]) {
			return false, err
		}
		if n < block {
			return true, nil
		}
	}
}

// readBlock fills p, less only at the end of the file.
func readBlock(r io.Reader, p []byte) (int, error) {
	n, err := io.ReadFull(r, p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}
