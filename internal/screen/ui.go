package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin"
)

// runAs is the variable of the environment with which this program is the plugin.
const runAs = "ORTHWEB_SCREEN_PLUGIN"

// runPlugin runs the plugin with the arguments of this program, if the environment says so. It
// does not return then.
func runPlugin() {
	if os.Getenv(runAs) != "" {
		streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
		os.Exit(plugin.Run(context.Background(), append([]string{""}, os.Args[1:]...), streams))
	}
}

// The size of the terminal in which the terminal application is drawn.
const uiColumns, uiRows = 120, 28

// drawUI draws the terminal application, as a terminal of tmux(1) shows it: the causes of the
// state of a tenant that is failing.
func drawUI(w io.Writer) error {
	directory, err := os.MkdirTemp("", "orthweb-screen-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(directory) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	tmux := func(args ...string) (string, error) {
		cmd := exec.Command("tmux", append([]string{"-f", "/dev/null", "-S", filepath.Join(directory, "socket")}, args...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + directory, "TERM=xterm-256color", "LANG=C.UTF-8", "SHELL=/bin/sh"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("tmux %s: %w: %s", args[0], err, out)
		}
		return string(out), nil
	}
	if _, err := tmux("new-session", "-d", "-x", fmt.Sprint(uiColumns), "-y", fmt.Sprint(uiRows),
		"env "+runAs+"=1 TERM=xterm-256color '"+self+"' ui --from=example:failing"); err != nil {
		return err
	}
	defer func() { _, _ = tmux("kill-server") }()
	capture := func(shown string) (screen string, err error) {
		for range 200 {
			if screen, err = tmux("capture-pane", "-p", "-e"); err != nil || strings.Contains(screen, shown) {
				return screen, err
			}
			time.Sleep(50 * time.Millisecond)
		}
		return "", fmt.Errorf("the screen does not show %q: %s", shown, screen)
	}
	if _, err := capture("has been"); err != nil {
		return err
	}
	if _, err := tmux("send-keys", "x"); err != nil {
		return err
	}
	screen, err := capture("Flux retries in")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, svg("kubectl orthweb ui", uiColumns, strings.Split(strings.TrimRight(screen, "\n"), "\n")))
	return err
}
