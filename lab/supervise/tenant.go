package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/peers"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// serveTenant runs the Orthanc and the proxy of a tenant until ctx ends. It stops and removes them
// if the tenant was removed; stop ends them if the lab is stopped.
func (s *supervisor) serveTenant(ctx context.Context, from peers.Finder, tenant string) {
	ports := parts.TenantPortNames(tenant)
	if err := s.cfg.Ports.Add(ports...); err != nil {
		logf("tenant %s isn't served: %v", tenant, err)
		<-ctx.Done()
		return
	}
	g := newGateway(s, from, tenant)
	s.addPart(state.Part{Name: g.name, Idle: "its objects have not been read yet"})
	var wg sync.WaitGroup
	wg.Go(func() { s.runOrthanc(ctx, tenant) })
	wg.Go(func() { g.follow(ctx) })
	wg.Wait()
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), errRemoved) {
		return
	}
	g.remove()
	if orthanc := s.latest(parts.OrthancName(tenant)); orthanc != nil {
		s.retire(orthanc)
		orthanc.stop(5 * time.Second)
	}
	s.removeParts(parts.OrthancName(tenant), g.name)
	s.logs.forget(parts.OrthancName(tenant), g.name)
	s.cfg.Ports.Forget(ports...)
	logf("tenant %s was removed, and is no longer served", tenant)
}

// retire makes the end of a process expected. A paused process continues: it couldn't end.
func (s *supervisor) retire(c *child) {
	s.mu.Lock()
	c.retired = true
	s.mu.Unlock()
	_ = c.process.Signal(syscall.SIGCONT)
}

// runOrthanc starts a tenant's Orthanc. A failure is logged and recorded, and the lab continues
// without it.
func (s *supervisor) runOrthanc(ctx context.Context, tenant string) {
	part := s.cfg.Orthanc(tenant, s.snapshot().Peers.Orthanc, peers.User+":"+peers.Password, peers.HTTPPort, peers.DICOMPort)
	var c *child
	err := configureOrthanc(s.cfg.OrthancDir(tenant))
	if err == nil {
		c, err = s.runOne(ctx, part)
	}
	if err != nil && ctx.Err() == nil {
		logf("%v", err)
		if c == nil {
			s.addPart(state.Part{Name: part.Name})
		}
		s.updatePart(part.Name, func(p *state.Part) { p.Exit = "it did not start: see its log and the supervisor's" })
	}
	if err != nil {
		return
	}
	s.updatePart(part.Name, func(p *state.Part) {
		p.Endpoints = []state.Endpoint{
			{Protocol: "HTTP", Address: s.cfg.Ports.Addr(parts.OrthancName(tenant))},
			{Protocol: "DICOM", Address: s.cfg.Ports.Addr(parts.DICOMPortName(tenant))},
		}
	})
}

// configureOrthanc writes the configuration of an Orthanc with its studies below dir. Studies that
// are there stay.
func configureOrthanc(dir string) error {
	for _, sub := range []string{"storage", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return fmt.Errorf("creating the directories of an Orthanc: %w", err)
		}
	}
	data, err := peers.OrthancConfiguration(dir)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "orthanc.json"), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the configuration of an Orthanc: %w", err)
	}
	return nil
}

// removeData removes the studies of a tenant.
func (s *supervisor) removeData(tenant string) {
	if err := os.RemoveAll(s.cfg.OrthancDir(tenant)); err != nil {
		logf("the studies of tenant %s can't be removed: %v", tenant, err)
		return
	}
	logf("the namespace of tenant %s was deleted, and its studies with it", tenant)
}
