package transfer

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// pace is the progress of a transfer.
type pace struct {
	// Files and bytes were stored in this run; bytes includes those in transit.
	files, bytes atomic.Int64
	// passedFiles and passedBytes need not be sent.
	passedFiles, passedBytes atomic.Int64
	// allFiles and allBytes have been counted so far; counted: these are all.
	allFiles, allBytes atomic.Int64
	counted            atomic.Bool
}

func (p *pace) pass(size int64) {
	p.passedFiles.Add(1)
	p.passedBytes.Add(size)
}

// count counts all files before they are scanned.
func (p *pace) count(ctx context.Context, paths []string) {
	walk(ctx, paths, func(f found) {
		p.allFiles.Add(1)
		if f.info != nil {
			p.allBytes.Add(f.info.Size())
		}
	})
	p.counted.Store(ctx.Err() == nil)
}

const (
	redrawEvery = 200 * time.Millisecond
	lineEvery   = 5 * time.Second
)

// show prints the progress until hide is called.
func (t *transfer) show(ctx context.Context, began time.Time) (hide func()) {
	w := t.options.Progress
	if w == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	go t.pace.count(ctx, t.options.Paths)
	width := t.options.Width
	every := lineEvery
	if width > 0 {
		every = redrawEvery
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = wait.PollUntilContextCancel(ctx, every, false, func(context.Context) (bool, error) {
			draw(w, t.pace.line(time.Since(began)), width)
			return false, nil
		})
	}()
	return func() {
		cancel()
		<-ended
		if width > 0 {
			overwrite(w, "")
		}
		fmt.Fprintln(w, t.pace.last(time.Since(began)))
	}
}

// draw writes a line, on a terminal over the previous one: truncated, since a line that
// wraps can't be overwritten.
func draw(w io.Writer, line string, width int) {
	if width == 0 {
		fmt.Fprintln(w, line)
		return
	}
	if len(line) >= width {
		line = line[:width-1]
	}
	overwrite(w, line)
}

// overwrite replaces the terminal's line. Errors are ignored: a closed terminal needs no
// progress.
func overwrite(w io.Writer, text string) {
	out := escape.NewStyled(w)
	fmt.Fprint(out, escape.LineStart, text, escape.EraseLine)
	_ = out.Flush()
}
