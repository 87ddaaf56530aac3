package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// Digest identifies a UID or a path: 128 bits, so that millions don't collide.
type Digest [16]byte

// DigestOf is the digest of a UID or a path.
func DigestOf(text string) Digest {
	sum := sha256.Sum256([]byte(text))
	return Digest(sum[:])
}

// scan reads all files and puts those that can be sent into the queue, which blocks it
// while it is full. Once the peer is no longer used, the remaining files are only counted.
func (t *transfer) scan(ctx context.Context, q *queue) {
	s := scanner{transfer: t, ctx: ctx, queue: q, seen: t.done.Paths}
	walk(ctx, t.options.Paths, s.visit)
}

type scanner struct {
	*transfer
	ctx   context.Context
	queue *queue
	seen  map[Digest]string // instances, and the path of the file with each
}

func (s *scanner) visit(at found) {
	if at.problem != nil {
		s.omit(&s.done.Skipped, file{path: at.path}, at.problem.Error())
		return
	}
	f := file{path: at.path, size: at.info.Size(), modified: at.info.ModTime()}
	if abs, err := filepath.Abs(at.path); err == nil {
		f.path = abs
	}
	if s.known(f) {
		return
	}
	if why := s.queue.over(); why != nil {
		s.fail(f, why)
		return
	}
	if problem := s.look(&f); problem != nil {
		if s.ctx.Err() == nil {
			s.omit(s.unsendable(at, problem), f, problem.Error())
		}
		return
	}
	if !s.first(DigestOf(f.meta.SOPInstance), f) {
		return
	}
	s.note(f)
	if why := s.queue.put(f); why != nil {
		s.fail(f, why)
	}
}

// unsendable is the list for a file with this problem. A file that was specified, or whose
// name is that of a DICOM file, should have been sent.
func (s *scanner) unsendable(at found, problem error) *[]Outcome {
	var fault *part10.FileError
	if !errors.As(problem, &fault) {
		return &s.done.Skipped
	}
	switch {
	case fault.Fault == part10.OddLength:
		return &s.done.Convertible
	case fault.Fault == part10.Directory && !at.named:
		return &s.done.Indexes
	case fault.Fault == part10.NotDICOM && !at.named && !namedDICOM(at.path):
		return &s.done.NotDICOM
	}
	return &s.done.Skipped
}

// namedDICOM reports whether a file has an extension that DICOM files have.
func namedDICOM(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".dcm", ".dicom", ".ima":
		return true
	}
	return false
}

// known reports whether the file need not be scanned because it was stored before.
func (s *scanner) known(f file) bool {
	if s.resume == nil {
		return false
	}
	line, ok := s.resume.stored(f)
	if !ok {
		return false
	}
	if s.first(line.instance, f) {
		s.before(line.study, line.instance, f.size)
	}
	return true
}

// first omits a file whose instance a previous file has.
func (s *scanner) first(instance Digest, f file) bool {
	before, again := s.seen[instance]
	if !again {
		s.seen[instance] = f.path
		return true
	}
	same, err := sameBytes(s.ctx, before, f.path)
	switch {
	case s.ctx.Err() != nil:
	case err != nil:
		s.omit(&s.done.Conflicting, f, fmt.Sprintf("%s has the same SOP Instance UID, and the files can't be compared: %v", before, unwrapped(err)))
	case same:
		s.omit(&s.done.Copies, f, "it has the same bytes as "+before)
	default:
		s.omit(&s.done.Conflicting, f, fmt.Sprintf("%s, which was sent, has the same SOP Instance UID and different bytes", before))
	}
	return false
}

// look reads the heads of the file's elements.
func (s *scanner) look(f *file) error {
	opened, err := os.Open(f.path)
	if err != nil {
		return unwrapped(err)
	}
	defer func() { _ = opened.Close() }()
	instance, err := part10.Scan(cancellable{opened, s.ctx})
	f.meta, f.study, f.trailing, f.remark = instance.Meta, instance.StudyUID, instance.Trailing, instance.Remark
	var fault *part10.FileError
	if err != nil && !errors.As(err, &fault) {
		return unwrapped(err)
	}
	return err
}

// cancellable is a file whose reading ends with a context: inflating takes long.
type cancellable struct {
	io.ReadSeeker
	ctx context.Context
}

// Read reads unless the context has ended.
func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.ReadSeeker.Read(p)
}
