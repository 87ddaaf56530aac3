package source

import (
	"errors"
	"sync/atomic"
)

// Work is that of all builds of a tree together, in steps of about a microsecond. It is
// counted before kustomize runs, and not measured, so that a tree has the same result on each
// machine.
type Work struct {
	// Steps are those so far, Limit the most that is built.
	Steps atomic.Int64
	Limit int64
}

// maxWork is the limit. A tree of Korthweb's layout with 200 tenants takes a sixth of it.
const maxWork = 50_000_000

// stepsFile is the steps of a file of the tree when the files that a source ignores are found.
const stepsFile = 5

// ErrTooMuchWork is the error of a build that exceeds the limit.
var ErrTooMuchWork = errors.New("the tree is too large: the files, objects and patches of all Kustomizations together exceed what is built")

// Spend adds to the work. The error is ErrTooMuchWork, or nil within the limit.
func (w *Work) Spend(steps int) error {
	if w.Steps.Add(int64(min(steps, maxWork+1))) > w.Limit {
		return ErrTooMuchWork
	}
	return nil
}
