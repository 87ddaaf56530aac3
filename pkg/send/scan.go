package send

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// digest stands for a UID or a path: 128 bits, so that millions don't collide.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:])
}

// scan looks at all files and puts those that can be sent into the queue, which
// holds it up while it is full. When the peer is given up, what follows is only
// counted.
func (t *transfer) scan(ctx context.Context, q *queue) {
	s := scanner{transfer: t, ctx: ctx, queue: q, seen: map[digest]bool{}}
	walk(ctx, t.options.Paths, s.visit)
}

type scanner struct {
	*transfer
	ctx   context.Context
	queue *queue
	seen  map[digest]bool // instances
}

func (s *scanner) visit(path string, info fs.FileInfo, problem error) {
	if problem != nil {
		s.skip(path, "", 0, problem.Error())
		return
	}
	f := file{path: path, size: info.Size(), modified: info.ModTime()}
	if abs, err := filepath.Abs(path); err == nil {
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
			s.skip(f.path, f.meta.SOPInstance, f.size, problem.Error())
		}
		return
	}
	if !s.first(digestOf(f.meta.SOPInstance), f) {
		return
	}
	if why := s.queue.put(f); why != nil {
		s.fail(f, why)
	}
}

// known tells whether the file needs no more looking at, since it was stored.
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

// first skips a file whose instance another had before it.
func (s *scanner) first(instance digest, f file) bool {
	if s.seen[instance] {
		s.skip(f.path, f.meta.SOPInstance, f.size, "a file before it has the same SOP Instance UID")
		return false
	}
	s.seen[instance] = true
	return true
}

// look reads the file by the heads of its elements.
func (s *scanner) look(f *file) error {
	opened, err := os.Open(f.path)
	if err != nil {
		return unwrapped(err)
	}
	defer func() { _ = opened.Close() }()
	instance, err := dicom.Scan(cancellable{opened, s.ctx})
	f.meta, f.study = instance.Meta, instance.StudyUID
	var fault *dicom.FileError
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
