package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// perStudy is the number of files in a study: slightly more than in a CT series.
const perStudy = 500

// makeFiles writes test images of about the given size, padded to that size.
func makeFiles(dir string, n, bytes int, seed byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for first := 0; first < n; first += perStudy {
		key := [32]byte{seed, byte(first / perStudy), byte(first / perStudy >> 8), byte(n), byte(bytes >> 10), byte(bytes >> 18)}
		for i, image := range part10.NewTestStudy(key, time.Unix(1_700_000_000, 0), min(perStudy, n-first)) {
			if err := writeFile(filepath.Join(dir, fmt.Sprintf("%06d.dcm", first+i)), image.File, bytes); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeFile appends Data Set Trailing Padding (FFFC,FFFC), which may have any
// length (PS3.10 section 7.2).
func writeFile(path string, image []byte, bytes int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	_, _ = out.Write(image)
	if more := bytes - len(image) - 12; more > 0 {
		more &^= 1
		head := []byte{0xFC, 0xFF, 0xFC, 0xFF, 'O', 'B', 0, 0}
		_, _ = out.Write(binary.LittleEndian.AppendUint32(head, uint32(more)))
		_, _ = out.Write(make([]byte, more))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Close()
}
