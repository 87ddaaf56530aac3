package supervise

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/pod"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// launcher starts processes that die with this one. The kernel ends them when
// the thread that started them ends (PR_SET_PDEATHSIG in prctl(2)), so all are
// started by one goroutine that keeps its thread for good.
type launcher struct{ requests chan func() }

func newLauncher() *launcher {
	l := &launcher{requests: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range l.requests {
			f()
		}
		// Locked still: the goroutine mustn't end, or its thread would.
		select {}
	}()
	return l
}

func (l *launcher) start(cmd *exec.Cmd) error {
	done := make(chan error)
	l.requests <- func() { done <- cmd.Start() }
	return <-done
}

// child is a running part.
type child struct {
	part    parts.Part
	process state.Process
	cmd     *exec.Cmd
	// ended is closed when the process is gone; exit then says how it ended.
	ended chan struct{}
	exit  string
}

// launch starts a part with its output in its log.
func (s *supervisor) launch(p parts.Part) (*child, error) {
	log, err := os.OpenFile(s.cfg.Log(p.Name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", p.Name, err)
	}
	defer func() { _ = log.Close() }()
	cmd, err := s.command(p)
	if err != nil {
		return nil, err
	}
	cmd.Dir, cmd.Env = s.cfg.Dir, append(s.cfg.Env(), p.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	s.cfg.Ports.Release(p.Ports...)
	if err := s.launcher.start(cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.Name, err)
	}
	process, err := state.Identify(cmd.Process.Pid)
	if err != nil {
		return nil, fmt.Errorf("%s ended at once: %w", p.Name, err)
	}
	c := &child{part: p, process: process, cmd: cmd, ended: make(chan struct{})}
	go func() {
		err := cmd.Wait()
		c.exit = cmd.ProcessState.String()
		if cmd.ProcessState == nil {
			c.exit = fmt.Sprint(err)
		}
		close(c.ended)
		s.noteEnd(c)
	}()
	return c, nil
}

// command is the part's program, or this one on its way to become it.
func (s *supervisor) command(p parts.Part) (*exec.Cmd, error) {
	program := s.binary(p.Name)
	// A process group of its own: Ctrl-C in a terminal isn't for the parts.
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd := exec.Command(program, p.Args...)
	if p.Pod != "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("finding this program: %w", err)
		}
		cmd = exec.Command(self, append([]string{pod.Command, p.Pod, program}, p.Args...)...)
		pod.Attributes(attr)
	}
	cmd.SysProcAttr = attr
	return cmd, nil
}
