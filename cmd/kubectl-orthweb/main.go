// Command kubectl-orthweb is the kubectl plugin `kubectl orthweb`, which inspects and
// troubleshoots the tenants of a Korthweb cluster.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // users' kubeconfigs name these

	"github.com/digihunch/kubectl-orthweb/pkg/plugin"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
)

// gcPercent keeps the memory of a large cluster's objects near what they need,
// for a little more work: a status of 1,000 tenants fits in 200 MiB.
const gcPercent = 50

// cleanupLimit is how long a command may clean up after a signal: with the exit of
// the process, less than a second.
const cleanupLimit = 900 * time.Millisecond

// memoryLimit is from where on memory is collected more often: objects of 1 GiB, the
// most that is read of a cluster (pkg/kube/collect), fit below.
const memoryLimit = 1280 << 20

func main() {
	chart.Main()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	os.Exit(untilSignal(signals, cleanupLimit, func(ctx context.Context) int {
		return plugin.Run(ctx, os.Args, genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr})
	}))
}

// untilSignal runs the command and returns the exit code. The first signal ends the
// command's context; a second one, or the limit, ends the wait for it: it may be in a
// system call that nothing interrupts, such as a read of a pipe without a writer. After a
// signal the code is 128 plus the signal's number, as shells report it, unless the command
// still had an answer.
func untilSignal(signals <-chan os.Signal, limit time.Duration, command func(context.Context) int) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan int, 1)
	go func() { done <- command(ctx) }()
	var first os.Signal
	select {
	case code := <-done:
		return code
	case first = <-signals:
		cancel()
	}
	select {
	case code := <-done:
		if code != plugin.ExitInterrupted {
			return code
		}
	case <-signals:
	case <-time.After(limit):
	}
	return exitCodeOf(first)
}

// exitCodeOf is what a shell reports of a process that a signal ended.
func exitCodeOf(s os.Signal) int {
	if number, ok := s.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return plugin.ExitInterrupted
}
