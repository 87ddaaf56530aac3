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
	if err := os.WriteFile(filepath.Join(dir, empty), nil, 0o600); err != nil {
		return nil, fmt.Errorf("creating a Pod's log: %w", err)
	}
	l := &Log{dir: dir}
	return l, l.begin(empty)
}

// empty is the file of a previous instance that does not exist.
const empty = "empty"

// begin creates the file of the instance. The names of Files are links, which change at once:
// kwok would read other names with a delay.
func (l *Log) begin(previous string) (err error) {
	name := fmt.Sprintf("%d.log", l.instance)
	l.file, err = os.OpenFile(filepath.Join(l.dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("creating a Pod's log: %w", err)
	}
	current, before := l.Files()
	for _, link := range [][2]string{{previous, before}, {name, current}} {
		if err = os.Symlink(link[0], link[1]+".next"); err == nil {
			err = os.Rename(link[1]+".next", link[1])
		}
		if err != nil {
			return fmt.Errorf("linking a Pod's log: %w", err)
		}
	}
	return nil
}

// Next begins the file of the next instance. The process must not write until it returns. With
// restarted, it is an instance of the same Pod.
func (l *Log) Next(restarted bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.file.Close()
	previous := empty
	if restarted {
		previous = fmt.Sprintf("%d.log", l.instance)
	}
	l.instance++
	return l.begin(previous)
}

// Files are the names of the current file, and of that of the previous instance.
func (l *Log) Files() (current, previous string) {
	return filepath.Join(l.dir, "current"), filepath.Join(l.dir, "previous")
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
