package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// The exit statuses of commands that have a meaning for all tools; main.go of the program and
// docs/exit-codes describe them.
const (
	yes, no, unclear, expired, interrupted = 0, 1, 2, 124, 130
)

// printed is the end of a run.
type printed struct {
	status      int
	out, errOut bounded
	result      map[string]any
	plan        []byte
	// refused is the error with which the plan was rejected.
	refused error
	// late is why the run had to end.
	late error
}

// graceTime is how long a command may take to end after its context has ended.
const graceTime = 300 * time.Millisecond

// errBusy is the error of more calls than the server accepts.
var errBusy = errors.New("too many calls are waiting: wait for the results of the earlier ones")

// turn waits until the call may run.
func (s *Server) turn(ctx context.Context) (done func(), err error) {
	select {
	case s.waiting <- struct{}{}:
	default:
		return nil, errBusy
	}
	select {
	case s.running <- struct{}{}:
		return func() { <-s.running; <-s.waiting }, nil
	case <-ctx.Done():
		<-s.waiting
		return nil, ctx.Err()
	}
}

// run runs a command within the time and size limits of a call. approve, unless it is nil, gets
// what the command will change, and can prevent it.
func (s *Server) run(ctx context.Context, args []string, do func(context.Context, Invocation) int, approve func(plan []byte) error) (*printed, error) {
	ctx, stop := context.WithTimeout(ctx, s.options.Timeout)
	defer stop()
	defer context.AfterFunc(s.ctx, stop)() // the server's end does not reach the contexts of calls
	done, err := s.turn(ctx)
	if err != nil {
		return nil, s.ended(ctx, err)
	}
	result := make(chan *printed, 1)
	go func() {
		defer done() // also later than the call, if the command does not end in time
		p := &printed{out: bounded{limit: maxText}, errOut: bounded{limit: maxText}}
		var failed error
		p.status = do(ctx, Invocation{
			Args: args, Out: &p.out, Err: &p.errOut,
			Result: func(object runtime.Object) { p.result, failed = plain(object) },
			Plan: func(object runtime.Object) error {
				plan, err := json.Marshal(object)
				if p.plan = plan; err == nil && approve != nil {
					err = approve(plan)
				}
				p.refused = err
				return err
			},
		})
		if failed != nil {
			p.status, p.result = unclear, nil
			escape.Fprintf(&p.errOut, "error: %v\n", failed)
		}
		p.late = ctx.Err()
		result <- p
	}()
	select {
	case p := <-result:
		if p.late != nil && p.result == nil {
			return nil, s.ended(ctx, p.late)
		}
		return p, nil
	case <-ctx.Done():
	}
	select {
	case p := <-result:
		if p.result != nil {
			return p, nil
		}
	case <-time.After(graceTime):
	}
	return nil, s.ended(ctx, ctx.Err())
}

// endedError is the error of a call that had to end before it had a result.
type endedError struct {
	status int
	text   string
}

func (e *endedError) Error() string { return e.text }

func (s *Server) ended(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &endedError{expired, "the call was not finished within " + s.options.Timeout.String() + " (--timeout of kubectl orthweb mcp)"}
	case ctx.Err() != nil:
		return &endedError{interrupted, "the call was cancelled"}
	}
	return &endedError{unclear, err.Error()}
}

// plain is an object of the program as JSON values, with invisible characters of its text shown:
// a model reads them, although a person does not see them.
func plain(object runtime.Object) (map[string]any, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value map[string]any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return visibleIn(value).(map[string]any), nil
}

// visibleIn shows the control characters in all text of a value.
func visibleIn(value any) any {
	switch v := value.(type) {
	case string:
		return visible(v)
	case []any:
		for i := range v {
			v[i] = visibleIn(v[i])
		}
	case map[string]any:
		shown := make(map[string]any, len(v))
		for key, inner := range v {
			shown[visible(key)] = visibleIn(inner)
		}
		return shown
	}
	return value
}

func visible(text string) string {
	var b strings.Builder
	w := escape.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // the writer is in memory
	_ = w.Flush()
	return b.String()
}

// bounded keeps the beginning of what is written to it, and counts the rest. It is safe for
// concurrent use.
type bounded struct {
	limit int
	mu    sync.Mutex
	kept  bytes.Buffer
	more  int
}

// Write keeps what is within the limit, and never fails.
func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fits := min(len(p), b.limit-b.kept.Len())
	b.kept.Write(p[:fits])
	b.more += len(p) - fits
	return len(p), nil
}

// text is what was kept, up to the last whole line, and how many bytes were not.
func (b *bounded) text() (kept string, omitted int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept = b.kept.String()
	if b.more == 0 {
		return kept, 0
	}
	end := strings.LastIndexByte(kept, '\n') + 1
	if end == 0 {
		end = len(strings.ToValidUTF8(kept, ""))
	}
	return strings.ToValidUTF8(kept[:end], ""), b.more + len(kept) - end
}
