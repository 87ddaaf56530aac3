package transfer

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// A resume file consists of JSON lines: a head that names the server, and then one line for
// each file that the server reported as stored.
type resumeHead struct {
	Resume int    `json:"orthwebResume"` // the format's version
	Server string `json:"server"`
}

type resumeLine struct {
	Path string `json:"path"` // absolute
	// Bytes is the path if JSON, which is UTF-8, can't represent it uniquely: Path then has
	// U+FFFD instead of each byte that is not valid UTF-8, for users and for older
	// programs, which require it. They wrote no Bytes.
	Bytes    []byte    `json:"pathBytes,omitempty"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"mtime"`
	Instance string    `json:"sopInstance"`
	Study    string    `json:"study,omitempty"`
}

// ambiguous reports whether a path changes when it is written as JSON, or can be confused
// with one that does.
func ambiguous(path string) bool { return strings.ContainsRune(path, utf8.RuneError) }

// resumed is the stored content of a line.
type resumed struct {
	size     int64
	modified int64 // Unix time in nanoseconds
	instance Digest
	study    string
}

// resume records what was stored. A goroutine writes and syncs the lines in batches, so
// that no file waits for the disk.
type resume struct {
	out   *os.File
	known map[Digest]resumed // by path; only read

	mu      sync.Mutex
	wake    chan struct{} // holds a token when there is something to do
	waiting []byte
	closing bool
	failed  error
	ended   chan struct{}
}

// stored reports whether the file was stored in its current form.
func (r *resume) stored(f file) (resumed, bool) {
	line, ok := r.known[DigestOf(f.path)]
	return line, ok && line.size == f.size && line.modified == f.modified.UnixNano()
}

// add records a file. The error is that of an earlier write.
func (r *resume) add(f file) error {
	line, err := encodeLine(f)
	if err != nil {
		return fmt.Errorf("recording %s: %w", f.path, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(append(r.waiting, line...), '\n')
	r.rouse()
	return r.failed
}

func encodeLine(f file) ([]byte, error) {
	line := resumeLine{Path: f.path, Size: f.size, Modified: f.modified, Instance: f.meta.SOPInstance, Study: f.study}
	if ambiguous(f.path) {
		line.Bytes = []byte(f.path)
	}
	return json.Marshal(line)
}

func (r *resume) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *resume) write() {
	defer close(r.ended)
	var writing []byte
	for range r.wake {
		r.mu.Lock()
		writing, r.waiting = r.waiting, writing[:0]
		closing := r.closing
		r.mu.Unlock()
		if err := r.flush(writing); err != nil {
			r.mu.Lock()
			r.failed = err
			r.mu.Unlock()
			return
		}
		if closing {
			return
		}
	}
}

func (r *resume) flush(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := r.out.Write(lines)
	if err == nil {
		err = r.out.Sync()
	}
	if err != nil {
		return fmt.Errorf("recording stored files: %w", err)
	}
	return nil
}

// close writes what is left.
func (r *resume) close() error {
	r.mu.Lock()
	r.closing = true
	r.rouse()
	r.mu.Unlock()
	<-r.ended
	if err := r.out.Close(); err != nil && r.failed == nil {
		return fmt.Errorf("recording stored files: %w", err)
	}
	return r.failed
}
