// Package script provides commands for test scripts in addition to those of testscript. Only
// tests import it.
package script

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Exits is `exits CODE PROGRAM ARGS...`: it runs the program and requires that exit status,
// which is more exact than testscript's own "! exec".
func Exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v: %v", args[1:], err)
	}
	if want := args[0]; strconv.Itoa(code) != want {
		ts.Fatalf("%v: exit status %d, want %s", args[1:], code, want)
	}
}

// patience is the time limit of Until.
const patience = 5 * time.Minute

// Until is `until REGEXP PROGRAM ARGS...`: it runs the program every second until its output
// matches, for five minutes at most. The time that Flux takes varies; a fixed sleep would be
// too short on one machine and too long on another.
func Until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP PROGRAM ARGS...")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var last []byte
	if wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		last = output(ctx, ts, args[1:])
		return pattern.Match(last), nil
	}) == nil {
		return
	}
	ts.Fatalf("until: no match for %q within %s; last output:\n%s", args[0], patience, bytes.TrimSpace(last))
}

// output runs a program as the script's own commands do, and accepts any exit status.
func output(ctx context.Context, ts *testscript.TestScript, args []string) []byte {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	for _, name := range []string{"PATH", "HOME", "KUBECONFIG"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Dir = ts.Getenv("WORK")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		ts.Fatalf("%v: %v", args, err)
	}
	return out
}
