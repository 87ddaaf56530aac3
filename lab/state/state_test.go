package state

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

func TestCreateRefusesAForeignDirectory(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "thesis.tex")
	if err := os.WriteFile(foreign, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Create(dir, Lab{})
	if err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("Create: %v", err)
	}
	if err := Remove(dir); !errors.Is(err, ErrNoLab) {
		t.Errorf("Remove: %v", err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error("the file is gone")
	}
}

func TestRemoveTakesTheDirectoryOnlyWhenTheLabMadeIt(t *testing.T) {
	given := t.TempDir()
	made := filepath.Join(t.TempDir(), "a", "lab")
	for _, dir := range []string{given, made} {
		if err := Create(dir, Lab{}); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := Remove(dir); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(given); err != nil || len(entries) != 0 {
		t.Errorf("the given directory: %v %v", entries, err)
	}
	if _, err := os.Stat(made); !os.IsNotExist(err) {
		t.Errorf("the made directory: %v", err)
	}
}

func TestLoadErrors(t *testing.T) {
	if _, err := Load(t.TempDir()); !errors.Is(err, ErrNoLab) || !strings.Contains(err.Error(), "up") {
		t.Errorf("Load: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, file), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || errors.Is(err, ErrNoLab) {
		t.Errorf("Load of half a file: %v", err)
	}
}

func TestLockIsExclusive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); err == nil {
		t.Error("locked twice")
	}
	unlock()
	again, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

// sleeper starts a real process, and reaps it when it ends.
func sleeper(t *testing.T, trap bool) Process {
	t.Helper()
	script := "echo ready; while :; do sleep 0.05; done"
	if trap {
		script = "trap '' TERM; " + script
	}
	cmd := exec.Command("/bin/sh", "-c", script)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-done })
	p, err := Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAReusedPidIsLeftAlone(t *testing.T) {
	p := sleeper(t, false)
	for name, old := range map[string]Process{
		"started earlier": {Pid: p.Pid, Start: p.Start - 1, Boot: p.Boot},
		"another boot":    {Pid: p.Pid, Start: p.Start, Boot: "x"},
	} {
		if old.Alive() {
			t.Errorf("%s: taken for the one that runs now", name)
		}
		killed, err := Stop(Lab{Supervisor: old, Parts: []Part{{Name: "etcd", Process: old}}})
		if err != nil || len(killed) != 0 {
			t.Errorf("%s: Stop: %v %v", name, killed, err)
		}
	}
	if !p.Alive() {
		t.Fatal("the process was killed")
	}
}

func TestStopEndsTheProcess(t *testing.T) {
	p := sleeper(t, false)
	killed, err := Stop(Lab{Supervisor: p})
	if err != nil || len(killed) != 0 {
		t.Errorf("Stop: %v %v", killed, err)
	}
	if p.Alive() {
		t.Error("it still runs")
	}
}

func TestStopKillsAPartThatOutlivedItsSupervisor(t *testing.T) {
	p := sleeper(t, true)
	killed, err := Stop(Lab{Supervisor: Process{}, Parts: []Part{{Name: "etcd", Process: p}}})
	if err != nil || len(killed) != 1 || killed[0] != "etcd" {
		t.Errorf("Stop: %v %v", killed, err)
	}
	if p.Alive() {
		t.Error("it still runs")
	}
}

func TestPaused(t *testing.T) {
	p := sleeper(t, false)
	if p.Paused() {
		t.Error("it isn't paused yet")
	}
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 5*time.Second, true, func(context.Context) (bool, error) {
		return p.Paused(), nil
	}); err != nil {
		t.Fatal("it doesn't pause")
	}
	if !p.Alive() {
		t.Error("a paused process is alive")
	}
}

func TestNoProcess(t *testing.T) {
	var none Process
	if none.Alive() || none.Signal(syscall.SIGKILL) != nil || !none.WaitGone(0) {
		t.Error("the zero Process is some process")
	}
}
