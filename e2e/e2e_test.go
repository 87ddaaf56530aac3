//go:build lab

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"
	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin"
)

// lab is the running cluster, which started.Run sets.
var lab struct {
	program, dir, kubeconfig, programs string
	// faulty is set while a fault is injected.
	faulty bool
}

func TestMain(m *testing.M) {
	testscript.Main(started{m}, map[string]func(){
		// This builds the plugin, with the race detector, for the scripts and for kubectl.
		"kubectl-orthweb": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			os.Exit(plugin.Run(ctx, os.Args,
				genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}))
		},
		// This is `web-server PORT NAME`: it answers each request with its name and the request's
		// path.
		"web-server": func() {
			err := http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = fmt.Fprintln(w, os.Args[2], r.URL.RequestURI())
			}))
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		},
	})
}

// started runs the tests between the start and the stop of a lab.
type started struct{ m *testing.M }

func (s started) Run() int {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	stop, err := start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting the lab:", err)
		return 1
	}
	go func() {
		<-interrupted
		fmt.Fprintln(os.Stderr, "interrupted: stopping the lab")
		_ = stop()
		os.Exit(1)
	}()
	code := s.m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the lab:", err)
		return 1
	}
	return code
}

// start starts a lab in its own directory. ORTHWEB_LAB_DIR names a lab that already runs, and
// keeps running: use it to write tests.
func start() (stop func() error, err error) {
	lab.program, err = filepath.Abs("../bin/orthweb-lab")
	if err != nil {
		return nil, err
	}
	stop = func() error { return nil }
	lab.dir = os.Getenv("ORTHWEB_LAB_DIR")
	if lab.dir == "" {
		temporary, err := os.MkdirTemp("", "orthweb-e2e-")
		if err != nil {
			return nil, err
		}
		lab.dir = filepath.Join(temporary, "lab")
		stop = func() error {
			return errors.Join(command(os.Stderr, "down"), os.RemoveAll(temporary))
		}
		// The lab has its own addresses, because the Gateways listen there, and another lab on
		// this machine must not use them.
		first := fmt.Sprintf("127.%d.%d.11", 1+os.Getpid()/250%250, 1+os.Getpid()%250)
		if err := upAlone(first); err != nil {
			return nil, errors.Join(err, os.RemoveAll(temporary))
		}
	}
	for _, part := range []struct {
		name string
		into *string
	}{{"kubeconfig", &lab.kubeconfig}, {"build", &lab.programs}} {
		var out strings.Builder
		if err := command(&out, part.name); err != nil {
			return nil, errors.Join(err, stop())
		}
		*part.into = strings.TrimSpace(out.String())
	}
	return stop, nil
}

// upAlone starts the lab while no other process of these tests starts one: a start takes
// all cores, and two at the same time would exceed the time limits of Flux's health checks.
func upAlone(firstAddress string) error {
	unlock, err := lockedfile.MutexAt(filepath.Join(os.TempDir(), "orthweb-e2e.lock")).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	return command(os.Stderr, "up", "--health-timeout=60s", "--first-address="+firstAddress)
}

// command runs orthweb-lab for this lab.
func command(out io.Writer, args ...string) error {
	cmd := exec.Command(lab.program, append(args, "--dir="+lab.dir)...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	return cmd.Run()
}

// TestScripts runs testdata/*.txtar in the order of their names, one at a time: they share one
// cluster, and some break it and repair it. Scripts from 90 on do not repair the cluster, and
// TestScriptsThatEndIt runs them last.
func TestScripts(t *testing.T) { runScripts(t, "testdata/[0-8]*.txtar") }

func runScripts(t *testing.T, pattern string) {
	t.Helper()
	scripts, err := filepath.Glob(pattern)
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	slices.Sort(scripts)
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Files: []string{script},
				Setup: func(env *testscript.Env) error {
					env.Setenv("KUBECONFIG", lab.kubeconfig)
					env.Setenv("PATH", env.Getenv("PATH")+string(filepath.ListSeparator)+lab.programs)
					env.Setenv("HOME", env.WorkDir)
					repository, err := filepath.Abs("..")
					env.Setenv("REPOSITORY", repository)
					return err
				},
				Cmds: commands,
			})
		})
	}
}
