package plugin

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/script"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
)

var update = flag.Bool("update", false, "update the golden files")

func TestMain(m *testing.M) {
	chart.Main()
	testscript.Main(m, map[string]func(){
		"kubectl-orthweb": func() {
			os.Exit(Run(context.Background(), os.Args, genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}))
		},
	})
}

// TestScripts runs the command line on recorded clusters, without a network. e2e has the
// scripts for a live cluster. With -update it rewrites the golden parts.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("KUBECONFIG", "none")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": script.Exits},
	})
}
