package transfer

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

func TestSameBytes(t *testing.T) {
	const block = 64 << 10
	long := bytes.Repeat([]byte("0123456789abcdef"), block/8) // two blocks
	for _, c := range []struct {
		about      string
		one, other []byte
		same       bool
	}{
		{"empty", nil, nil, true},
		{"short", []byte("abc"), []byte("abc"), true},
		{"whole blocks", long, long, true},
		{"one byte", []byte("abc"), []byte("abd"), false},
		{"a prefix", []byte("abc"), []byte("ab"), false},
		{"a prefix of whole blocks", long, long[:block], false},
		{"the last byte", long, append(bytes.Clone(long[:len(long)-1]), 'x'), false},
	} {
		t.Run(c.about, func(t *testing.T) {
			dir := t.TempDir()
			one, other := write(t, c.one, dir, "one"), write(t, c.other, dir, "other")
			for _, paths := range [][2]string{{one, other}, {other, one}} {
				if same, err := sameBytes(t.Context(), paths[0], paths[1]); same != c.same || err != nil {
					t.Errorf("%v, %v", same, err)
				}
			}
			if _, err := sameBytes(t.Context(), one, filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file that is not there: %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := sameBytes(ctx, one, other); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		})
	}
}
