package chart

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// The limits of the renderer.
const (
	// maxTime is the time for one release, and maxTotal that for all.
	maxTime  = 10 * time.Second
	maxTotal = 60 * time.Second
	// maxTotalOutput is the size of the manifests of all releases, in bytes.
	maxTotalOutput = 64 << 20
	// endTime is how long the process may take to end when it is no longer needed.
	endTime = 200 * time.Millisecond
)

// Renderer renders charts in one process, which it starts when it is needed, and again after a
// failure. It must be closed. It renders one release at a time.
type Renderer struct {
	lock    sync.Mutex
	process *process
	// sent is the chart that the process has.
	sent *Chart
	// release and left are the time for one release, and that which is left for all.
	release, left time.Duration
	// output is what is left of maxTotalOutput.
	output int
}

// NewRenderer is a renderer that has started no process.
func NewRenderer() *Renderer {
	return &Renderer{release: maxTime, left: maxTotal, output: maxTotalOutput}
}

// Close ends the process.
func (r *Renderer) Close() error {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.process != nil {
		r.process.end()
		r.process, r.sent = nil, nil
	}
	return nil
}

// Render renders a chart. The error is an *Error, or that of the context.
func (r *Renderer) Render(ctx context.Context, c *Chart, release *Release) (*Result, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.left <= 0 || r.output <= 0 {
		return nil, problem(Limited, "the charts that were rendered before it took the %v or %d MiB that are the limit for all", maxTotal, maxTotalOutput>>20)
	}
	if r.process == nil {
		p, err := start()
		if err != nil {
			return nil, problem(Limited, "start the process that renders charts: %v", err)
		}
		r.process, r.sent = p, nil
	}
	begin := time.Now()
	answer, err := r.exchange(ctx, c, release)
	r.left -= time.Since(begin)
	if err != nil {
		r.process.kill()
		reason := r.process.failure()
		r.process = nil
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			reason = "rendering the chart took longer than " + r.release.String()
		}
		return nil, problem(Limited, "%s", reason)
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	for _, m := range answer.Result.Manifests {
		r.output -= len(m.Text) + len(m.Other)
	}
	return answer.Result, nil
}

// exchange sends a request and waits for its answer.
func (r *Renderer) exchange(ctx context.Context, c *Chart, release *Release) (*response, error) {
	asked := request{Release: *release}
	if r.sent != c {
		asked.Files, asked.Local = c.files, c.local
	}
	r.sent = c
	type result struct {
		answer response
		err    error
	}
	done := make(chan result, 1)
	p := r.process
	go func() {
		var got result
		if got.err = writeFrame(p.input, &asked, maxRequest); got.err == nil {
			got.err = readFrame(p.output, &got.answer, maxResponse)
		}
		if got.err == nil {
			got.err = got.answer.check()
		}
		done <- got
	}()
	timer := time.NewTimer(min(r.release, r.left))
	defer timer.Stop()
	select {
	case got := <-done:
		return &got.answer, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, os.ErrDeadlineExceeded
	}
}

// process is the process that renders charts.
type process struct {
	cmd    *exec.Cmd
	input  io.WriteCloser
	output io.Reader
	errors *beginning
}

// argument is what makes this program the process that renders charts.
const argument = "render-charts-of-lint"

// supported: this program calls Main. Otherwise the process would be the program again.
var supported atomic.Bool

// start starts the process: this program itself.
func start() (*process, error) {
	if !supported.Load() {
		return nil, errors.New("this program does not have it")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self, argument), errors: &beginning{}}
	p.cmd.Env = []string{}
	p.cmd.Stderr = p.errors
	if p.input, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.output, err = p.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, nil
}

// kill ends the process at once.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// end lets the process end, and kills it if it does not.
func (p *process) end() {
	_ = p.input.Close()
	timer := time.AfterFunc(endTime, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait()
}

// failure is why the process ended by itself.
func (p *process) failure() string {
	switch text := p.errors.text(); {
	case p.cmd.ProcessState.ExitCode() == exitMemory, bytes.Contains(text, []byte("out of memory")), bytes.Contains(text, []byte("cannot allocate memory")), bytes.Contains(text, []byte("cannot map pages")):
		return "rendering the chart takes more than 512 MiB of memory"
	case bytes.Contains(text, []byte("stack overflow")), bytes.Contains(text, []byte("stack exceeds")):
		return "the templates of the chart call each other without end"
	}
	return "the process that renders the chart ended unexpectedly; it probably needs more memory than the limit of 512 MiB"
}

// beginning keeps the first bytes that are written to it: Go begins with the reason.
type beginning struct {
	lock sync.Mutex
	kept []byte
}

// Write accepts all, and keeps 4 KiB.
func (t *beginning) Write(text []byte) (int, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.kept = append(t.kept, text[:min(len(text), 4096-len(t.kept))]...)
	return len(text), nil
}

func (t *beginning) text() []byte {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.kept
}
