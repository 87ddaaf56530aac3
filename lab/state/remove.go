package state

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Grace is how long Stop waits for a lab to stop in order before it kills it.
const Grace = 20 * time.Second

// Stop stops the lab's supervisor, waits for it and, after Grace, kills the processes in
// lab.json that still run. It returns the names of the parts that had to be killed.
func Stop(lab Lab) (killed []string, err error) {
	if err := lab.Supervisor.Signal(syscall.SIGTERM); err != nil {
		return nil, err
	}
	lab.Supervisor.WaitGone(Grace)
	// The supervisor is first: its children end with it, so that only processes that outlived
	// it remain.
	for _, p := range append([]Part{{Name: "supervisor", Process: lab.Supervisor}}, lab.Parts...) {
		if p.Process.WaitGone(time.Second) {
			continue
		}
		if err := p.Process.Signal(syscall.SIGKILL); err != nil {
			return killed, err
		}
		if !p.Process.WaitGone(5 * time.Second) {
			return killed, fmt.Errorf("%s (process %d) doesn't end even when killed: look at it with ps", p.Name, p.Process.Pid)
		}
		killed = append(killed, p.Name)
	}
	return killed, nil
}

// Remove deletes a stopped lab's files, and the directory itself if the lab created it. It
// returns an error for a directory that isn't a lab's, and for a running lab.
func Remove(dir string) error {
	lab, err := Load(dir)
	if err != nil {
		return err
	}
	if lab.Running() {
		return fmt.Errorf("the lab in %s still runs (process %d): orthweb-lab down stops it", dir, lab.Supervisor.Pid)
	}
	if lab.MadeDir {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing the lab's directory: %w", err)
		}
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking into the lab's directory: %w", err)
	}
	for _, e := range entries {
		// lab.json is removed last, so that an interrupted removal can be repeated.
		if e.Name() == file {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("removing the lab's files: %w", err)
		}
	}
	return os.Remove(filepath.Join(dir, file))
}
