package supervise

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// run starts the parts at the same time and waits until all are healthy.
func (s *supervisor) run(ctx context.Context, list ...parts.Part) error {
	var wg sync.WaitGroup
	errs := make([]error, len(list))
	for i, p := range list {
		wg.Go(func() { _, errs[i] = s.runOne(ctx, p) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// runOne starts a part and waits until it is healthy. An error has the end of the part's log; the
// process may run in spite of it.
func (s *supervisor) runOne(ctx context.Context, p parts.Part) (*child, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	port := s.cfg.Ports.Number(p.Ports[0])
	c, err := s.launch(p)
	if err == nil {
		s.adopt(c)
		s.addPart(state.Part{Name: p.Name, Process: c.process, Port: port})
		err = s.probe.wait(ctx, p, c.ended)
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w\nthe end of its log:\n%s", p.Name, err, tail(s.cfg.Log(p.Name), 15))
	}
	s.updatePart(p.Name, func(part *state.Part) { part.Ready = since(began) })
	logf("%s is up: %s (process %d, port %d)", p.Name, since(began), c.process.Pid, port)
	return c, nil
}

// adopt adds the process to those that stop ends.
func (s *supervisor) adopt(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.children = append(s.children, c)
}

// addPart records a part, in place of one with the same name.
func (s *supervisor) addPart(part state.Part) {
	s.update(func(l *state.Lab) { l.Parts = append(without(l.Parts, part.Name), part) })
}

func (s *supervisor) removeParts(names ...string) {
	s.update(func(l *state.Lab) { l.Parts = without(l.Parts, names...) })
}

// without returns the parts that have other names.
func without(list []state.Part, names ...string) []state.Part {
	return slices.DeleteFunc(list, func(p state.Part) bool { return slices.Contains(names, p.Name) })
}

func (s *supervisor) updatePart(name string, change func(*state.Part)) {
	s.update(func(l *state.Lab) {
		for i := range l.Parts {
			if l.Parts[i].Name == name {
				change(&l.Parts[i])
			}
		}
	})
}

// noteEnd records that a part ended unexpectedly. It is not restarted, because that would
// hide the fault.
func (s *supervisor) noteEnd(c *child) {
	s.mu.Lock()
	expected := s.stopping || c.retired
	s.mu.Unlock()
	if expected {
		return
	}
	logf("%s ended by itself: %s", c.part.Name, c.exit)
	s.updatePart(c.part.Name, func(p *state.Part) { p.Exit = c.exit })
}

// stop ends the parts: those that use the API server together, then the API server, then the
// store. Otherwise the first ones would wait for an API server that has ended.
func (s *supervisor) stop() {
	// Goroutines that replace parts have ended before.
	if s.endFollowing != nil {
		s.endFollowing()
	}
	s.followers.Wait()
	s.mu.Lock()
	s.stopping = true
	var users, stores []*child
	for _, c := range s.children {
		// A paused process can't stop, and blocks the others.
		_ = c.process.Signal(syscall.SIGCONT)
		if c.part.Store {
			stores = append([]*child{c}, stores...)
		} else {
			users = append(users, c)
		}
	}
	s.mu.Unlock()
	began := time.Now()
	var wg sync.WaitGroup
	for _, c := range users {
		wg.Go(func() { c.stop(5 * time.Second) })
	}
	wg.Wait()
	for _, c := range stores {
		c.stop(5 * time.Second)
	}
	if s.cfg.Ports != nil {
		s.cfg.Ports.Close()
	}
	logf("stopped: %s", since(began))
}

// stop signals the process to end and kills it if it doesn't within the grace.
func (c *child) stop(grace time.Duration) {
	_ = c.process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
		return
	case <-time.After(grace):
	}
	logf("%s didn't end within %s: killing it", c.part.Name, grace)
	_ = c.process.Signal(syscall.SIGKILL)
	<-c.ended
}
