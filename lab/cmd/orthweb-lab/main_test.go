package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/lab/faults"
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
		{"up"}, {"down"}, {"status"}, {"kubeconfig"}, {"logs", "etcd"}, {"fault", "clear"}, {"pause", "etcd"}, {"fault", "inject", "F18"},
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

func TestFaultListListsTheFaults(t *testing.T) {
	out, err := run(t, "fault", "list")
	if err != nil {
		t.Fatal(err)
	}
	all, err := faults.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if !strings.Contains(out, f.ID+"  "+f.Name) {
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

func TestSilentPeers(t *testing.T) {
	ctx := context.Background()
	lab := state.Lab{Parts: []state.Part{{Name: "etcd"}, {Name: "gateway-bhs", Idle: "no Gateway is there"}, {Name: "orthanc-mhr", Exit: "it did not start"}}}
	if got := silentPeers(ctx, lab); len(got) != 1 || !strings.Contains(got[0], "no Gateway is there") {
		t.Errorf("without peers: %q", got)
	}
	lab.Peers = &state.Peers{}
	want := "gateway-bhs is idle (no Gateway is there); orthanc-bhs isn't started; orthanc-mhr isn't started; gateway-mhr isn't started"
	if got := strings.Join(silentPeers(ctx, lab), "; "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
