// Package podlog stores the output of a process as a container runtime stores that of a
// container: one file for each instance of the container, in the CRI format, so that kwok serves
// it as the log of a Pod.
package podlog

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Log are the files of one container.
type Log struct {
	dir string

	mu       sync.Mutex
	instance int
	file     *os.File
}

// Open creates the first file in dir.
func Open(dir string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the directory of a Pod's log: %w", err)
	}
	l := &Log{dir: dir}
	return l, l.begin()
}

func (l *Log) begin() (err error) {
	l.file, err = os.OpenFile(l.path(l.instance), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("creating a Pod's log: %w", err)
	}
	return nil
}

func (l *Log) path(instance int) string { return filepath.Join(l.dir, fmt.Sprintf("%d.log", instance)) }

// Next begins the file of the next instance. The process must not write until it returns.
func (l *Log) Next() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.file.Close()
	l.instance++
	return l.begin()
}

// Files are the current file, and the one of the previous instance, empty if there is none.
func (l *Log) Files() (current, previous string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.instance > 0 {
		previous = l.path(l.instance - 1)
	}
	return l.path(l.instance), previous
}

// Writer is the output of one process: each line is stored with the time at which it was
// complete. Close stores the text after the last line feed.
func (l *Log) Writer() io.WriteCloser { return &writer{log: l} }

type writer struct {
	log  *Log
	mu   sync.Mutex
	rest []byte
}

// maxPart is how long an entry may be: runtimes split longer lines (containerd,
// max_container_log_line_size).
const maxPart = 16 << 10

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte("\n"))
		switch {
		case len(line) > maxPart:
			if err := w.log.entry("P", w.rest[:maxPart]); err != nil {
				return 0, err
			}
			w.rest = w.rest[maxPart:]
		case ok:
			if err := w.log.entry("F", line); err != nil {
				return 0, err
			}
			w.rest = rest
		default:
			return len(p), nil
		}
	}
}

func (w *writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) == 0 {
		return nil
	}
	err := w.log.entry("F", w.rest)
	w.rest = nil
	return err
}

// entry stores one line, or a part of one.
func (l *Log) entry(tag string, text []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := fmt.Fprintf(l.file, "%s stderr %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), tag, text)
	return err
}
