package transfer

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// Options are the files to send, and the peer.
type Options struct {
	// Paths are files and directories.
	Paths []string
	// Dial opens a connection for one association: to the peer, TLS included.
	// tls.Config.DynamicRecordSizingDisabled speeds up small files.
	Dial func(context.Context) (net.Conn, error)
	// Calling and Called are the AE titles.
	Calling, Called string
	// Concurrency is the maximum number of parallel associations; 0 for DefaultConcurrency.
	Concurrency int
	Timeouts    dicom.Timeouts
	// Backoff is how long to wait before an association is requested again, after it failed
	// or ended without an answer, and Steps how often. After the last step, only the other
	// associations continue; the zero value is 0.5, 1, 2, 4 and 8 seconds.
	Backoff wait.Backoff
	// Resume is the file that records the stored files; "" for none. Server identifies the
	// server: a resume file of another server is refused.
	Resume, Server string
	// Progress is where the progress is printed, nil prints nothing. A line is printed every
	// few seconds, or redrawn where Width is that of a terminal, in columns.
	Progress io.Writer
	Width    int
}

// DefaultConcurrency is the number of associations: enough to hide the round trips of small
// files, and what most archives accept from one sender.
const DefaultConcurrency = 8

// Outcome is the result of a file that is reported individually.
type Outcome struct {
	Path string
	// Instance is its SOP Instance UID, "" if it isn't known.
	Instance string
	// Reason completes a sentence about the file, or is the peer's answer.
	Reason string
}

// Result is the result of all files. Each file is in one of Stored, Before, Failed,
// Skipped, Convertible, Conflicting, NotDICOM, Indexes and Copies; after an interrupt,
// files that had not been scanned are in none.
type Result struct {
	// Stored is how many files the peer reported as stored, and Bytes is their total size.
	Stored int
	Bytes  int64
	// Before is how many were stored before, according to the resume file.
	Before int
	// Warned are among Stored.
	Warned []Outcome
	// Noted were sent, and do not comply with the standard.
	Noted []Outcome
	// Failed should have been stored and were not, even after a retry.
	Failed []Outcome
	// Skipped can't be sent: they are damaged, can't be read, or were specified and are not
	// DICOM.
	Skipped []Outcome
	// Convertible can't be sent as they are. The reasons describe how to convert them.
	Convertible []Outcome
	// Conflicting have the SOP Instance UID of a previous file, but different bytes: a peer
	// keeps only one of the two.
	Conflicting []Outcome
	// NotDICOM, Indexes (DICOMDIR) and Copies, of the same bytes, were found in
	// directories. Omitting them loses nothing.
	NotDICOM, Indexes, Copies []Outcome
	// Studies are the instances of each study, by its UID, that are in Stored and
	// Before; "" for those that belong to no study.
	Studies map[string][]Digest
	Took    time.Duration
	// Paths are the files of all instances.
	Paths map[Digest]string
	// Failures are the errors behind Failed, in the same order.
	Failures []Failure
	// Calling is the AE title of the sender.
	Calling string
}

// Failure is why a file failed, and the UID of its study, empty if it has none.
type Failure struct {
	Study string
	Why   error
}

// lists are all lists of the result.
func (r Result) lists() [][]Outcome {
	return [][]Outcome{r.Warned, r.Noted, r.Failed, r.Skipped, r.Convertible, r.Conflicting, r.NotDICOM, r.Indexes, r.Copies}
}

// Locate finds the file of an instance among those that were sent, and its SOP Instance UID. Both
// are empty if the file has been removed or changed since.
func (r Result) Locate(ctx context.Context, instance Digest) (path, uid string) {
	s := scanner{ctx: ctx}
	f := file{path: r.Paths[instance]}
	if f.path == "" || s.look(&f) != nil || DigestOf(f.meta.SOPInstance) != instance {
		return "", ""
	}
	return f.path, f.meta.SOPInstance
}

// Files sends all files, and retries failed ones once at the end. The error is that of a
// path that does not exist, of the resume file, or of ctx; the Result has what is known so
// far. When ctx is cancelled, associations are aborted within a second.
func Files(ctx context.Context, o Options) (Result, error) {
	began := time.Now()
	if err := present(o.Paths); err != nil {
		return Result{}, err
	}
	t := newTransfer(o)
	if o.Resume != "" {
		var err error
		if t.resume, err = openResume(o.Resume, o.Server); err != nil {
			return Result{}, err
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	t.stop = stop
	hide := t.show(ctx, began)
	t.all(ctx)
	err := context.Cause(ctx)
	if t.resume != nil {
		if unwritten := t.resume.close(); !errors.Is(err, unwritten) {
			err = errors.Join(err, unwritten)
		}
	}
	hide()
	result := t.result()
	result.Took = time.Since(began)
	return result, err
}

// all runs the first round, with the files in the order of the walk, and the second with
// those that failed.
func (t *transfer) all(ctx context.Context) {
	alive := t.round(ctx, func(q *queue) { t.scan(ctx, q) })
	again := t.takeFailed()
	if !alive || ctx.Err() != nil {
		t.giveBack(again)
		return
	}
	t.round(ctx, func(q *queue) {
		for _, f := range again {
			if why := q.put(f.file); why != nil {
				t.fail(f.file, why)
			}
		}
	})
}
