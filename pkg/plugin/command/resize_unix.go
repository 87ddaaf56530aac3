//go:build unix

package command

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Resizes has a value each time the size of the terminal changes, until ctx ends.
func Resizes(ctx context.Context) <-chan os.Signal {
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	context.AfterFunc(ctx, func() { signal.Stop(resized) })
	return resized
}
