// Package transfer stores a user's DICOM files with a peer over several associations in
// parallel, and reports the result of every file.
//
// Files are scanned while others are sent. Memory use does not depend on the size of files.
// It grows by some 100 bytes and the path for each file, to detect duplicate instances and
// to look for each instance at the end, and by 150 bytes for each line of a resume file.
// Failed and omitted files are kept for the report.
package transfer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// file is one that can be sent.
type file struct {
	path     string
	size     int64
	modified time.Time
	meta     part10.Meta
	study    string
	// trailing are bytes after the data set, which are not sent.
	trailing int64
	// remark describes what does not comply with the standard.
	remark string
}

func (f file) kind() kind { return kind{f.meta.SOPClass, f.meta.TransferSyntax} }

// failure is a file that was not stored, and why.
type failure struct {
	file
	why error
}

// transfer is one run.
type transfer struct {
	options Options
	// idle is how long an association waits for a file.
	idle   time.Duration
	resume *resume // nil for none
	stop   context.CancelCauseFunc
	pace   pace

	mu     sync.Mutex
	done   Result
	failed []failure
}

func newTransfer(o Options) *transfer {
	o.Concurrency = cmp.Or(o.Concurrency, DefaultConcurrency)
	if o.Backoff == (wait.Backoff{}) {
		o.Backoff = wait.Backoff{Duration: 500 * time.Millisecond, Factor: 2, Steps: 5}
	}
	return &transfer{options: o, idle: idleAfter, done: Result{Studies: map[string][]Digest{}, Paths: map[Digest]string{}}}
}

// round sends the files that feed puts into the queue, and returns when each of them is
// stored or has failed. It reports whether the peer was reachable at the end.
func (t *transfer) round(ctx context.Context, feed func(*queue)) bool {
	q := newQueue(ctx, newLimit(t.options))
	defer q.enough()
	var workers sync.WaitGroup
	for range t.options.Concurrency {
		workers.Go(func() { (&worker{transfer: t, queue: q}).work(ctx) })
	}
	feed(q)
	q.close()
	workers.Wait()
	left, why := q.left()
	for _, f := range left {
		t.fail(f, why)
	}
	return why == nil
}

func (t *transfer) store(f file, status dicom.Status) {
	t.mu.Lock()
	t.done.Stored++
	t.done.Bytes += f.size
	t.done.Studies[f.study] = append(t.done.Studies[f.study], DigestOf(f.meta.SOPInstance))
	if !status.Success() {
		t.done.Warned = append(t.done.Warned, Outcome{f.path, f.meta.SOPInstance, status.String()})
	}
	t.mu.Unlock()
	t.pace.files.Add(1)
	if t.resume != nil {
		if err := t.resume.add(f); err != nil {
			t.stop(err)
		}
	}
}

// before counts a file that the resume file contains.
func (t *transfer) before(study string, instance Digest, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done.Before++
	t.done.Studies[study] = append(t.done.Studies[study], instance)
	t.pace.pass(size)
}

// omit adds a file that is not sent to a list of the result's.
func (t *transfer) omit(to *[]Outcome, f file, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*to = append(*to, Outcome{f.path, f.meta.SOPInstance, reason})
	t.pace.pass(f.size)
}

// note adds a file's remark, if it has one.
func (t *transfer) note(f file) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.remark != "" {
		t.done.Noted = append(t.done.Noted, Outcome{f.path, f.meta.SOPInstance, f.remark})
	}
}

func (t *transfer) fail(f file, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = append(t.failed, failure{f, why})
}

func (t *transfer) takeFailed() []failure {
	t.mu.Lock()
	defer t.mu.Unlock()
	failed := t.failed
	t.failed = nil
	return failed
}

func (t *transfer) giveBack(failed []failure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = append(t.failed, failed...)
}

// result sorts all lists by path.
func (t *transfer) result() Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.done
	r.Calling = t.options.Calling
	slices.SortFunc(t.failed, inOrder)
	for _, f := range t.failed {
		r.Failures = append(r.Failures, Failure{f.study, f.why})
		r.Failed = append(r.Failed, Outcome{f.path, f.meta.SOPInstance, plainly(f)})
	}
	for _, list := range r.lists() {
		slices.SortFunc(list, func(a, b Outcome) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Reason, b.Reason))
		})
	}
	return r
}

// inOrder compares failures by path, then by reason, like the lists of a Result.
func inOrder(a, b failure) int {
	if order := cmp.Compare(a.path, b.path); order != 0 {
		return order
	}
	return cmp.Compare(plainly(a), plainly(b))
}

// plainly is why a file failed, without the UID before the reason, and with the file's
// remark.
func plainly(f failure) string {
	text := strings.TrimPrefix(f.why.Error(), fmt.Sprintf("C-STORE of %s: ", f.meta.SOPInstance))
	if f.remark != "" {
		text += "; " + f.remark
	}
	return text
}
