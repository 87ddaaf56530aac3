package chart

import (
	"bufio"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The limits of the process, besides those of the renderer.
const (
	// softMemory is from where on memory is collected more often, and maxMemory where the
	// process ends, in bytes.
	softMemory = 384 << 20
	maxMemory  = 512 << 20
	// maxStack is the size of a stack: templates can call themselves.
	maxStack = 128 << 20
	// exitMemory is the exit code of a process that needs too much memory.
	exitMemory = 3
)

// Main makes this program the process that renders charts, and does not return, if a Renderer
// started it. Each program that uses a Renderer calls it first.
func Main() {
	supported.Store(true)
	if len(os.Args) != 2 || os.Args[1] != argument {
		return
	}
	signal.Ignore(os.Interrupt) // a terminal sends it to both processes; the other decides
	debug.SetMemoryLimit(softMemory)
	debug.SetMaxStack(maxStack)
	time.Local = time.UTC
	log.SetOutput(io.Discard) // Helm's warnings
	slog.SetDefault(slog.New(slog.DiscardHandler))
	time.AfterFunc(0, func() {}) // the first timer opens a file of the system
	restrict()
	go watchMemory()
	serve(os.Stdin, os.Stdout, os.Exit)
}

// serve answers requests until the input ends. Then it exits, whatever is being rendered: the
// other process no longer exists.
func serve(input io.Reader, output io.Writer, exit func(int)) {
	requests := make(chan request)
	go func() {
		in := bufio.NewReader(input)
		for {
			var r request
			if err := readFrame(in, &r, maxRequest); err != nil {
				exit(0)
				return
			}
			requests <- r
		}
	}()
	var last request
	out := bufio.NewWriter(output)
	for r := range requests {
		if len(r.Files) > 0 {
			last = r
		}
		watchdog := time.AfterFunc(2*maxTime, func() { exit(1) })
		answer := answerTo(last.Files, last.Local, &r.Release)
		watchdog.Stop()
		if writeFrame(out, answer, maxResponse) != nil || out.Flush() != nil {
			exit(1)
			return
		}
	}
}

// answerTo renders a release.
func answerTo(files []File, local map[string][]File, release *Release) *response {
	result, failed := render(files, local, release)
	if failed != nil {
		return &response{Error: failed}
	}
	return &response{Result: result}
}

// watchMemory ends the process when it needs too much memory. Where the system has no limit, or
// reserved memory counts, this is the limit.
func watchMemory() {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	for range time.Tick(5 * time.Millisecond) {
		metrics.Read(samples)
		if samples[0].Value.Uint64()-samples[1].Value.Uint64() > maxMemory {
			os.Exit(exitMemory)
		}
	}
}
