// Package send stores a user's DICOM files with a peer over many associations at
// once, and tells of every file what became of it.
//
// Files are looked at while others are sent. What is held in memory doesn't grow
// with the size of files, and with their number by some 100 bytes each and the
// length of their paths, to know an instance that comes twice and compare the two
// files, and to ask for it at the end, and by 150 bytes for each line of a resume file. What failed or was left
// out is kept to be reported.
package send

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// Options are what to send, and to whom.
type Options struct {
	// Paths are files and directories.
	Paths []string
	// Dial opens a connection for one association: to the peer, TLS included.
	// tls.Config.DynamicRecordSizingDisabled makes small files faster.
	Dial func(context.Context) (net.Conn, error)
	// Calling and Called are the AE titles.
	Calling, Called string
	// Concurrency is how many associations there may be at once; 0 for
	// DefaultConcurrency.
	Concurrency int
	Timeouts    dicom.Timeouts
	// Backoff is how long to wait before an association is requested again, after it
	// failed or died without an answer in between, and Steps how often. After the last
	// step the other associations go on; the zero value is 0.5, 1, 2, 4 and 8 seconds.
	Backoff wait.Backoff
	// Resume is the file that says what was stored already, and is told what is;
	// "" for none. Server is whom it speaks of: one of another is refused.
	Resume, Server string
	// Progress is where to show how far it is: redrawn on a terminal, in a line
	// now and then elsewhere. Nil shows nothing.
	Progress io.Writer
}

// DefaultConcurrency is the number of associations: enough to hide the way to and
// fro of small files, and what most archives take of one sender.
const DefaultConcurrency = 8

// Outcome is what became of a file, where there is something to say.
type Outcome struct {
	Path string
	// Instance is its SOP Instance UID, "" where it isn't known.
	Instance string
	// Reason is a sentence's rest about the file, or what the peer answered.
	Reason string
}

// Result is what became of all files. Each is in one of Stored, Before, Failed,
// Skipped, Convertible, Conflicting, NotDICOM, Indexes and Copies; after an interruption those that had not been looked at are in none.
type Result struct {
	// Stored is how many files the peer said that it stored, and Bytes their
	// sizes' sum.
	Stored int
	Bytes  int64
	// Before is how many were stored before, as the resume file says.
	Before int
	// Warned are among Stored.
	Warned []Outcome
	// Noted were sent, and are not as the standard says.
	Noted []Outcome
	// Failed should have been stored and were not, even when tried again.
	Failed []Outcome
	// Skipped can't be sent: they are damaged, can't be read, or were named, so that
	// they should be sent, and are not DICOM.
	Skipped []Outcome
	// Convertible can't be sent as they are. The reasons say how to convert them.
	Convertible []Outcome
	// Conflicting have the SOP Instance UID of a file before them, and other bytes: a
	// peer keeps one of the two.
	Conflicting []Outcome
	// NotDICOM, Indexes (DICOMDIR) and Copies, of the same bytes, were found in
	// directories. To leave them out loses nothing.
	NotDICOM, Indexes, Copies []Outcome
	// Studies are the instances of each study, by its UID, that are in Stored and
	// Before; "" for those that belong to no study.
	Studies map[string][]digest
	Took    time.Duration
	// paths are the files of all instances, to name those that are missing.
	paths map[digest]string
	// advice is what to do about Failed, "" where nothing particular is known.
	advice string
}

// Files sends all files. What failed is tried once more at the end. An error is of
// a path that isn't there, of the resume file, or of ctx; what is known by then is
// in the Result. When ctx is cancelled, associations are aborted within a second.
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

// all is the first round, with the files as they are found, and the second.
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
