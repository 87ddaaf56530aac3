// Package supervise runs a lab as one process: it starts the parts as its children, serves the
// tree and the charts, simulates the cloud provider, and stops everything in order on a signal.
package supervise

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/build"
	"github.com/digihunch/kubectl-orthweb/lab/cloud"
	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/gitserver"
	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/pki"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// Kubeconfig is the path of the kubeconfig for users, in the lab's directory.
func Kubeconfig(dir string) string { return filepath.Join(dir, "pki", pki.Admin+".kubeconfig") }

// GitRoot is the directory of the lab's Git server.
func GitRoot(dir string) string { return filepath.Join(dir, "git") }

// GitPath is the repository that it serves. The lab pushes to it by its path, which works even
// if the server requires credentials.
func GitPath(dir string) string { return filepath.Join(GitRoot(dir), gitserver.Repository) }

// WorkTree is the directory of the clone from which the lab pushes.
func WorkTree(dir string) string { return filepath.Join(dir, "work") }

// Log is the path of a part's log.
func Log(dir, part string) string { return parts.Config{Dir: dir}.Log(part) }

type supervisor struct {
	cfg      parts.Config
	source   *build.Source
	launcher *launcher
	probe    *probe
	cluster  *cluster.Cluster
	first    netip.Addr
	children []*child
	// followers are goroutines that change parts while the lab runs, until endFollowing.
	followers    sync.WaitGroup
	endFollowing context.CancelFunc

	// logs are the logs of Pods that parts stand for, by part.
	logs podLogs

	mu       sync.Mutex
	lab      state.Lab
	stopping bool
}

// Run runs the lab in dir until ctx ends, and then stops it in order. It returns an error if
// the lab can't be started; the lab has then been stopped, too, and lab.json contains the
// reason. Run logs to its standard error.
func Run(ctx context.Context, dir string) error {
	lab, err := state.Load(dir)
	if err != nil {
		return err
	}
	s := &supervisor{lab: lab, launcher: newLauncher(), cfg: parts.Config{Dir: dir}}
	if s.lab.Supervisor, err = state.Identify(os.Getpid()); err != nil {
		return err
	}
	s.update(func(l *state.Lab) { l.Phase = state.Starting })
	began := time.Now()
	err = s.start(ctx)
	if err == nil {
		s.update(func(l *state.Lab) { l.Phase = state.Started })
		logf("all parts are up and the tree is pushed: %s", since(began))
		<-ctx.Done()
	} else if ctx.Err() == nil {
		logf("that failed; stopping everything again")
	}
	s.stop()
	s.update(func(l *state.Lab) {
		l.Phase = state.Stopped
		if err != nil {
			l.Phase, l.Error = state.Failed, err.Error()
		}
	})
	return err
}

// start starts everything, each part when its prerequisites are met.
func (s *supervisor) start(ctx context.Context) error {
	if err := s.prepare(); err != nil {
		return err
	}
	charts := s.inBackground("packaging the charts", s.packageCharts)
	if err := s.serveGit(ctx); err != nil {
		return err
	}
	if err := s.run(ctx, s.cfg.Etcd()); err != nil {
		return err
	}
	if err := s.run(ctx, s.cfg.APIServer()); err != nil {
		return err
	}
	builtin := s.inBackground("", func() error { return s.run(ctx, s.cfg.ControllerManager(), s.cfg.Scheduler()) })
	if err := s.applyBase(ctx); err != nil {
		return err
	}
	s.runCloud(ctx)
	s.followPods(ctx)
	s.followRequests(ctx)
	if err := s.followTenants(ctx); err != nil {
		return err
	}
	if err := s.run(ctx, s.cfg.Kwok(), s.cfg.SourceController(), s.cfg.KustomizeController(),
		s.cfg.HelmController(), s.cfg.CertManager()); err != nil {
		return err
	}
	for _, wait := range []func() error{builtin, charts} {
		if err := wait(); err != nil {
			return err
		}
	}
	if err := s.serveHelm(ctx); err != nil {
		return err
	}
	return s.bootstrap(ctx)
}

// prepare creates the inputs of the parts: ports, certificates, configuration.
func (s *supervisor) prepare() (err error) {
	if s.source, err = build.Find(s.lab.Source); err != nil {
		return err
	}
	if s.first, err = cloud.ParseFirst(s.lab.FirstAddress); err != nil {
		return err
	}
	if err := s.checkNetworks(); err != nil {
		return err
	}
	if s.cfg.Ports, err = parts.Reserve(parts.PortNames()...); err != nil {
		return err
	}
	for _, dir := range s.cfg.Dirs() {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating the lab's directories: %w", err)
		}
	}
	s.cfg.Files, err = pki.Write(filepath.Join(s.cfg.Dir, "pki"), s.cfg.Server(), net.ParseIP(parts.ServiceIP))
	if err != nil {
		return err
	}
	if err := s.cfg.WriteKwok(); err != nil {
		return err
	}
	if s.probe, err = newProbe(s.cfg.Files); err != nil {
		return err
	}
	s.checkPods()
	s.cluster, err = cluster.Connect(s.cfg.Files.Kubeconfigs[pki.Admin])
	return err
}

func (s *supervisor) binary(name string) string { return filepath.Join(s.lab.Binaries, name) }

// update changes the lab's state and saves it. A failure to save is only logged: the lab itself
// still runs.
func (s *supervisor) update(change func(*state.Lab)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.lab)
	if err := state.Save(s.cfg.Dir, s.lab); err != nil {
		logf("%v", err)
	}
}

// snapshot is a copy of the current state.
func (s *supervisor) snapshot() state.Lab {
	s.mu.Lock()
	defer s.mu.Unlock()
	lab := s.lab
	lab.Parts = slices.Clone(lab.Parts)
	return lab
}

// inBackground starts f and returns a function that waits for its end.
func (s *supervisor) inBackground(what string, f func() error) (wait func() error) {
	done := make(chan error, 1)
	began := time.Now()
	go func() {
		err := f()
		if err == nil && what != "" {
			logf("%s: %s", what, since(began))
		}
		done <- err
	}()
	return func() error {
		err := <-done
		done <- err
		return err
	}
}

func logf(format string, args ...any) {
	_, _ = fmt.Fprintf(os.Stderr, format+"\n", args...)
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Millisecond) }
