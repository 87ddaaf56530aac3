package transfer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	resumeVersion = 1
	// maxLine bounds a line of a resume file; paths have at most 4096 bytes on
	// Linux, each of which JSON may write as six.
	maxLine = 64 << 10
)

// errInUse is the error of a file that another run writes to: two runs that write to one file would truncate each other's lines.
var errInUse = errors.New("another run uses it: wait until that run has ended, or specify another file")

// openResume reads or creates a resume file, and locks it for writing until it is closed.
// An incomplete last line, as after a power failure, is removed. A file that another run
// uses, that is not a resume file, or that belongs to another server is not changed.
func openResume(path, server string) (*resume, error) {
	out, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the resume file: %w", err)
	}
	r := &resume{out: out, known: map[Digest]resumed{}, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	if err := r.take(server); err != nil {
		_ = out.Close() // this unlocks it, too
		return nil, fmt.Errorf("the resume file %s: %w", path, err)
	}
	go r.write()
	return r, nil
}

func (r *resume) take(server string) error {
	// The lock comes first: until then, another run may write to the file.
	if err := tryLock(r.out); err != nil {
		return err
	}
	info, err := r.out.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is not a regular file: specify another one")
	}
	whole, err := r.read(r.out, server)
	if err != nil {
		return err
	}
	if err := r.out.Chmod(0o600); err != nil {
		return err
	}
	if whole < info.Size() {
		if err := r.out.Truncate(whole); err != nil {
			return err
		}
	}
	if whole > 0 {
		return nil
	}
	head, err := json.Marshal(resumeHead{resumeVersion, server})
	if err != nil {
		return err
	}
	return r.flush(append(head, '\n'))
}

// read reads all complete lines, and returns their size in bytes.
func (r *resume) read(from io.Reader, server string) (whole int64, err error) {
	in := bufio.NewReaderSize(from, maxLine)
	studies := map[string]string{}
	for number := 1; ; number++ {
		text, err := in.ReadSlice('\n')
		if err == io.EOF {
			return whole, beginning(text, whole)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return whole, err
		}
		if number == 1 {
			err = checkHead(text, server)
		} else if err == nil {
			err = r.keep(text, studies)
		}
		if err != nil {
			return whole, fmt.Errorf("line %d: %w", number, err)
		}
		whole += int64(len(text))
	}
}

// beginning fails unless an incomplete line is the beginning of a resume file's line.
func beginning(text []byte, whole int64) error {
	const ours = `{"orthwebResume":`
	n := min(len(text), len(ours))
	if whole == 0 && !bytes.Equal(text[:n], []byte(ours)[:n]) {
		return errNoResume
	}
	return nil
}

var errNoResume = errors.New("it is not a resume file: specify another file or a new one")

func checkHead(text []byte, server string) error {
	var head resumeHead
	if json.Unmarshal(text, &head) != nil || head.Resume == 0 {
		return errNoResume
	}
	if head.Resume != resumeVersion {
		return fmt.Errorf("it has format version %d, but this program supports version %d: use the program that wrote it, or specify a new file", head.Resume, resumeVersion)
	}
	if head.Server != server {
		return fmt.Errorf("it belongs to %s, not to %s: specify a separate file for each server", head.Server, server)
	}
	return nil
}

func (r *resume) keep(text []byte, studies map[string]string) error {
	var line resumeLine
	if err := json.Unmarshal(text, &line); err != nil || line.Path == "" || line.Instance == "" {
		return errors.New("it is damaged: specify a new file to send all files again")
	}
	path := line.Path
	if len(line.Bytes) > 0 {
		path = string(line.Bytes)
	} else if ambiguous(path) {
		return nil // an older program's line, for one of several files: each is sent again
	}
	study, ok := studies[line.Study]
	if !ok { // one string for all of a study's
		study = line.Study
		studies[study] = study
	}
	r.known[DigestOf(path)] = resumed{line.Size, line.Modified.UnixNano(), DigestOf(line.Instance), study}
	return nil
}

// lockFailed is for a file system or a system without locks.
func lockFailed(err error) error {
	return fmt.Errorf("locking it: %w: specify a file on another file system", err)
}
