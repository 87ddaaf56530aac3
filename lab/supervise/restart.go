package supervise

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// A command requests a restart by a file with the name of the part. The supervisor removes it
// when the part is healthy again, or writes the error into it.
func requestFile(dir, part string) string { return filepath.Join(dir, "restart", part) }

// failed is the beginning of a request file that contains an error.
const failed = "failed: "

// Restart makes the supervisor of the lab in dir restart a part, and waits for the result.
func Restart(ctx context.Context, dir, part string) error {
	path := requestFile(dir, part)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, nil, 0o600)
	}
	if err != nil {
		return fmt.Errorf("requesting a restart: %w", err)
	}
	var text string
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, startLimit+30*time.Second, true, func(context.Context) (bool, error) {
		data, err := os.ReadFile(path)
		text = string(data)
		return errors.Is(err, fs.ErrNotExist) || strings.HasPrefix(text, failed), nil
	})
	if why, ok := strings.CutPrefix(text, failed); ok && err == nil {
		_ = os.Remove(path)
		return fmt.Errorf("restarting %s: %s", part, why)
	}
	return err
}

// followRequests restarts parts on request until ctx ends.
func (s *supervisor) followRequests(ctx context.Context) {
	go func() {
		for ; ctx.Err() == nil; pause(ctx, 200*time.Millisecond) {
			entries, err := os.ReadDir(filepath.Dir(requestFile(s.cfg.Dir, "x")))
			if err != nil {
				continue // nothing was requested yet
			}
			for _, entry := range entries {
				path := requestFile(s.cfg.Dir, entry.Name())
				if info, err := entry.Info(); err != nil || info.Size() > 0 {
					continue
				}
				err := s.restart(ctx, entry.Name())
				if err == nil {
					err = os.Remove(path)
				}
				if err != nil {
					logf("restarting %s: %v", entry.Name(), err)
					_ = os.WriteFile(path, []byte(failed+err.Error()), 0o600)
				}
			}
		}
	}()
}

// latest is the last process of a part, nil if there is none.
func (s *supervisor) latest(name string) *child {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range slices.Backward(s.children) {
		if c.part.Name == name {
			return c
		}
	}
	return nil
}

// restart stops a part and starts it again at the same ports. The Pod that it stands for has a
// restarted container then.
func (s *supervisor) restart(ctx context.Context, name string) error {
	old := s.latest(name)
	if old == nil {
		return errors.New("it was not started")
	}
	before, _ := s.snapshot().Part(name)
	s.retire(old)
	old.stop(5 * time.Second)
	if len(old.part.Inside) > 0 {
		if err := s.cfg.Ports.Again(old.part.Ports...); err != nil {
			return err
		}
	}
	log := s.logs.find(name)
	if log != nil {
		log.mu.Lock()
		defer log.mu.Unlock()
		if err := log.Next(true); err != nil {
			return err
		}
	}
	if _, err := s.runOne(ctx, old.part); err != nil {
		return err
	}
	s.updatePart(name, func(p *state.Part) { p.Endpoints = before.Endpoints })
	if log != nil && log.pod != nil {
		return s.noteRestart(ctx, log)
	}
	return nil
}
