package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/korthweb"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(context.Background())
	return out.String(), err
}

func TestNothingTouchesAForeignDirectory(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "config")
	if err := os.WriteFile(foreign, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"up"}, {"down"}, {"status"}, {"kubeconfig"}, {"logs", "etcd"}, {"mend"}, {"pause", "etcd"}, {"break", "image-digest"},
	} {
		if _, err := run(t, append(args, "--dir", dir)...); err == nil {
			t.Errorf("%v: no error", args)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Errorf("%v: the directory holds %v now (%v)", args, entries, err)
		}
	}
}

func TestDownWithoutALab(t *testing.T) {
	if _, err := run(t, "down", "--dir", filepath.Join(t.TempDir(), "none")); err != nil {
		t.Error(err)
	}
}

func TestStoppedLabIsNotReady(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	if err := state.Create(dir, state.Lab{Phase: state.Stopped}); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, "status", "--dir", dir); !errors.Is(err, errNotReady) || !strings.Contains(out, "doesn't run") {
		t.Errorf("%s %v", out, err)
	}
	if _, err := run(t, "kubeconfig", "--dir", dir); err == nil || !strings.Contains(err.Error(), "up") {
		t.Errorf("kubeconfig: %v", err)
	}
	if _, err := run(t, "down", "--dir", dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is left: %v", err)
	}
}

func TestBreakListsTheFaults(t *testing.T) {
	out, err := run(t, "break")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range korthweb.Faults() {
		if !strings.Contains(out, f.Name) {
			t.Errorf("%s isn't listed", f.Name)
		}
	}
}

func TestOneLineKeepsTheTerminalSafe(t *testing.T) {
	if got := oneLine("a\x1b[2Jb\nc"); got != "a [2Jb c" {
		t.Errorf("%q", got)
	}
	if got := oneLine(strings.Repeat("ü", 1000)); len([]rune(got)) != 301 || !strings.HasSuffix(got, "…") || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("%q", got)
	}
}

func TestSettled(t *testing.T) {
	const commit = "484118e032cf88ec246f469f42d16001ac9c2e8d"
	at := "main@sha1:" + commit
	layer := func(name, status, reason string) cluster.Kustomization {
		k := cluster.Kustomization{Name: name, Generation: 1, Observed: 1, Attempted: at,
			Ready: cluster.Condition{Status: status, Reason: reason, Generation: 1}}
		if status == "True" {
			k.Applied = at
		}
		return k
	}
	root := layer(cluster.Root, "True", "")
	w := watcher{commit: commit, ready: map[string]bool{}, failed: map[string]bool{}}
	step := func(want bool, layers ...cluster.Kustomization) {
		t.Helper()
		layers = append(layers, root)
		w.note(layers)
		if got := w.settled(layers); got != want {
			t.Errorf("settled is %v with %+v", got, layers)
		}
	}
	step(false, layer("bhs", "Unknown", "Progressing"), layer("mhr", "Unknown", "Progressing"))
	step(false, layer("bhs", "False", "BuildFailed"), layer("mhr", "Unknown", "Progressing"))
	// bhs is tried again, and counts as failed still.
	step(true, layer("bhs", "Unknown", "ProgressingWithRetry"), layer("mhr", "True", ""))
	step(true, layer("bhs", "False", "BuildFailed"), layer("mhr", "False", "DependencyNotReady"))
}
