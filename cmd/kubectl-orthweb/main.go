// Command kubectl-orthweb is `kubectl orthweb`: the operator's console for
// Korthweb.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // users' kubeconfigs name these

	"github.com/digihunch/kubectl-orthweb/pkg/plugin"
)

// gcPercent keeps the memory of a large cluster's objects near what they need,
// for a little more work: a status of 1,000 tenants fits in 200 MiB.
const gcPercent = 50

// memoryLimit is from where on memory is collected more often: objects of 1 GiB, the
// most that is read of a cluster (pkg/collect), fit below.
const memoryLimit = 1280 << 20

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := plugin.Run(ctx, os.Args, genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr})
	stop()
	os.Exit(code)
}
