package supervise

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/cloud"
	"github.com/digihunch/kubectl-orthweb/lab/gitserver"
	"github.com/digihunch/kubectl-orthweb/lab/korthweb"
	"github.com/digihunch/kubectl-orthweb/lab/state"
	"github.com/digihunch/kubectl-orthweb/lab/switches"
)

// serveGit creates an empty repository and serves it.
func (s *supervisor) serveGit(ctx context.Context) error {
	root := GitRoot(s.cfg.Dir)
	if err := gitserver.Init(root); err != nil {
		return err
	}
	log, err := os.OpenFile(s.cfg.Log("git"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("opening the Git server's log: %w", err)
	}
	handler, err := gitserver.Handler(root, log)
	if err != nil {
		return err
	}
	url := s.serve(ctx, "git", gitserver.Guard(handler, func() bool { return switches.On(s.cfg.Dir, switches.GitCredentials) }))
	s.update(func(l *state.Lab) { l.GitURL = url + "/" + gitserver.Repository })
	return nil
}

func (s *supervisor) packageCharts() error {
	dir := filepath.Join(s.cfg.Dir, "helm")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the Helm repository: %w", err)
	}
	return korthweb.PackageCharts(dir, s.source.ModuleDir)
}

func (s *supervisor) serveHelm(ctx context.Context) error {
	url := s.serve(ctx, "helm", http.FileServer(http.Dir(filepath.Join(s.cfg.Dir, "helm"))))
	s.update(func(l *state.Lab) { l.HelmURL = url })
	return nil
}

// serve serves on the name's port, inside this process, until ctx ends.
func (s *supervisor) serve(ctx context.Context, name string, handler http.Handler) (url string) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(s.cfg.Ports.Listener(name)); err != nil && ctx.Err() == nil {
			logf("the %s server: %v", name, err)
		}
	}()
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	s.inside(name, s.cfg.Ports.Number(name))
	return "http://" + s.cfg.Ports.Addr(name)
}

func (s *supervisor) runCloud(ctx context.Context) {
	idle := func() bool { return switches.On(s.cfg.Dir, switches.NoCloud) }
	go func() {
		if err := cloud.Run(ctx, s.cfg.Files.Kubeconfigs["cloud-provider"], s.first, idle, logf); err != nil {
			logf("the cloud provider: %v", err)
		}
	}()
	s.inside("cloud-provider", 0)
}

// inside records a part that runs inside this process.
func (s *supervisor) inside(name string, port int) {
	s.addPart(state.Part{Name: name, Process: s.snapshot().Supervisor, Port: port})
}
