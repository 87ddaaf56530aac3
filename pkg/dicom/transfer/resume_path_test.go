package transfer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"
)

// reopened records files and opens the resume file again.
func reopened(t *testing.T, files ...file) *resume {
	t.Helper()
	path := filepath.Join(t.TempDir(), "resume")
	r, err := openResume(path, "bhs")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := r.add(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !utf8.Valid(text) {
		t.Errorf("the resume file is not valid UTF-8: %q, %v", text, err)
	}
	again, err := openResume(path, "bhs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := again.close(); err != nil {
			t.Error(err)
		}
	})
	return again
}

func fileAt(path string, i int) file {
	f := file{path: path, size: 7, modified: time.Unix(1700000000, 5), study: "1.2.3"}
	f.meta.SOPInstance = fmt.Sprintf("2.25.%d", i)
	return f
}

// TestResumedPaths has paths of any bytes: each is recognized, and no other.
func TestResumedPaths(t *testing.T) {
	paths := []string{
		"/data/plain.dcm", "/data/größe.dcm", "/data/日本.dcm", "/data/\"quoted\" \\ <&>.dcm", "/data/line\nbreak.dcm", "/data/\u2028.dcm",
		"/data/latin1-\xfc.dcm", "/data/latin1-\xe4.dcm", "/data/\xff\xfe", "/data/\xed\xa0\x80.dcm", "/data/cut-\xe6\x97", "/\x80",
		"/data/latin1-\uFFFD.dcm", "/data/\uFFFD\uFFFD", "/data/\x01\x7f.dcm",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		b := make([]byte, 1+random.IntN(40))
		for i := range b {
			b[i] = byte(1 + random.IntN(255))
		}
		paths = append(paths, "/"+string(b))
	}
	var files []file
	for i, path := range paths {
		files = append(files, fileAt(path, i))
	}
	r := reopened(t, files...)
	if len(r.known) != len(paths) {
		t.Errorf("%d paths are known, of %d", len(r.known), len(paths))
	}
	for i, f := range files {
		if line, ok := r.stored(f); !ok || line.instance != DigestOf(f.meta.SOPInstance) {
			t.Errorf("%d: %q is not recognized: %t", i, f.path, ok)
		}
	}
	// Each path is tested alone, so that an entry of another path can't match it.
	for i, f := range files[:15] {
		alone := reopened(t, f)
		for j, other := range files[:15] {
			if _, ok := alone.stored(other); ok != (i == j) {
				t.Errorf("after %q, %q: %t", f.path, other.path, ok)
			}
		}
	}
}

// TestResumeFileOfOldPaths checks files of older programs, which wrote U+FFFD instead of bytes
// that are not valid UTF-8: such a path may match several files, and is ignored.
func TestResumeFileOfOldPaths(t *testing.T) {
	const head = `{"orthwebResume":1,"server":"bhs"}` + "\n"
	line := func(path string) string {
		return `{"path":"` + path + `","size":7,"mtime":"2023-11-14T22:13:20.000000005Z","sopInstance":"2.25.0","study":"1.2.3"}` + "\n"
	}
	text := head + line("/data/plain.dcm") + line(`/data/latin1-\ufffd.dcm`) + line("/data/größe.dcm")
	r := &resume{known: map[Digest]resumed{}}
	if _, err := r.read(bytes.NewReader([]byte(text)), "bhs"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"/data/plain.dcm": true, "/data/größe.dcm": true,
		"/data/latin1-\xfc.dcm": false, "/data/latin1-\uFFFD.dcm": false,
	} {
		if _, ok := r.stored(fileAt(path, 0)); ok != want {
			t.Errorf("%q: %t", path, ok)
		}
	}
}

func FuzzResumedPath(f *testing.F) {
	f.Add("/a")
	f.Add("/\xff")
	f.Add("/\uFFFD")
	f.Fuzz(func(t *testing.T, path string) {
		if path == "" {
			return // not an absolute path
		}
		line, err := encodeLine(fileAt(path, 1))
		if err != nil {
			t.Fatal(err)
		}
		r := &resume{known: map[Digest]resumed{}}
		if err := r.keep(line, map[string]string{}); err != nil {
			t.Fatal(err)
		}
		if _, ok := r.stored(fileAt(path, 1)); !ok || len(r.known) != 1 {
			t.Errorf("%q is not recognized after %s", path, line)
		}
	})
}
