package main

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin"
)

func TestUntilSignal(t *testing.T) {
	const never = time.Hour
	blocked := func(context.Context) int { select {} }
	ends := func(code int) func(context.Context) int {
		return func(ctx context.Context) int { <-ctx.Done(); return code }
	}
	for _, test := range []struct {
		about   string
		signals []os.Signal
		limit   time.Duration
		command func(context.Context) int
		want    int
	}{
		{"it ends by itself", nil, never, func(context.Context) int { return 1 }, 1},
		{"it is interrupted", []os.Signal{os.Interrupt}, never, ends(plugin.ExitInterrupted), 130},
		{"it is terminated", []os.Signal{syscall.SIGTERM}, never, ends(plugin.ExitInterrupted), 143},
		{"it has an answer all the same", []os.Signal{os.Interrupt}, never, ends(1), 1},
		{"it goes on after a signal", []os.Signal{syscall.SIGTERM}, time.Millisecond, blocked, 143},
		{"a second signal", []os.Signal{os.Interrupt, os.Interrupt}, never, blocked, 130},
		{"a second signal of another kind", []os.Signal{syscall.SIGTERM, os.Interrupt}, never, blocked, 143},
	} {
		t.Run(test.about, func(t *testing.T) {
			signals := make(chan os.Signal, 2)
			for _, s := range test.signals {
				signals <- s
			}
			if got := untilSignal(signals, test.limit, test.command); got != test.want {
				t.Errorf("the exit code is %d, want %d", got, test.want)
			}
		})
	}
}
