package supervise

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/pod"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// launcher starts processes that end with this one. The kernel ends them when the thread that
// started them ends (PR_SET_PDEATHSIG in prctl(2)), so one goroutine, which is locked to its
// thread, starts all of them.
type launcher struct{ requests chan func() }

func newLauncher() *launcher {
	l := &launcher{requests: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range l.requests {
			f()
		}
		// The thread stays locked: the goroutine mustn't end, or its thread would.
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
	// ended is closed when the process has ended; exit then describes how.
	ended chan struct{}
	exit  string
	// retired means that it is stopped because another process replaces it, or its tenant was
	// removed.
	retired bool
}

// launch starts a part, and writes its output to its log.
func (s *supervisor) launch(p parts.Part) (*child, error) {
	log, err := os.OpenFile(s.cfg.Log(p.Name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", p.Name, err)
	}
	cmd, err := s.command(p)
	if err != nil {
		_ = log.Close()
		return nil, err
	}
	cmd.Dir, cmd.Env = s.cfg.Dir, append(s.cfg.Env(), p.Env...)
	if p.Dir != "" {
		cmd.Dir = p.Dir
	}
	cmd.ExtraFiles = p.Files
	if len(p.Inside) > 0 {
		files, err := s.handOver(p.Ports)
		defer closeAll(files)
		if err != nil {
			_ = log.Close()
			return nil, err
		}
		cmd.ExtraFiles = files
	}
	s.cfg.Ports.Release(p.Ports...)
	output, err := s.output(p, log)
	if err != nil {
		_ = log.Close()
		return nil, err
	}
	return s.launchAs(p, cmd, output)
}

// launchAs starts the command of the part. It closes the output when the process has ended.
func (s *supervisor) launchAs(p parts.Part, cmd *exec.Cmd, output output) (*child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	// A separate process group, so that Ctrl-C in a terminal does not reach the parts.
	cmd.SysProcAttr.Setpgid = true
	cmd.Stdout, cmd.Stderr = output.to, output.to
	// A process that it has started may hold the output.
	cmd.WaitDelay = 5 * time.Second
	if err := s.launcher.start(cmd); err != nil {
		output.close()
		return nil, fmt.Errorf("starting %s: %w", p.Name, err)
	}
	process, err := state.Identify(cmd.Process.Pid)
	if err != nil {
		output.close()
		return nil, fmt.Errorf("%s ended at once: %w", p.Name, err)
	}
	c := &child{part: p, process: process, cmd: cmd, ended: make(chan struct{})}
	go func() {
		err := cmd.Wait()
		output.close()
		c.exit = cmd.ProcessState.String()
		if cmd.ProcessState == nil {
			c.exit = fmt.Sprint(err)
		}
		s.noteEnd(c)
		close(c.ended) // after all writes that follow from it
	}()
	return c, nil
}

// command is the part's program, or this program, which becomes it.
func (s *supervisor) command(p parts.Part) (*exec.Cmd, error) {
	program := p.Program
	if program == "" {
		program = s.binary(p.Name)
	}
	if len(p.Inside) > 0 {
		return through(syscall.CLONE_NEWNET, append([]string{pod.NetworkCommand, pod.JoinPorts(p.Inside), program}, p.Args...)...)
	}
	if p.Pod != "" {
		return through(syscall.CLONE_NEWNS, append([]string{pod.Command, p.Pod, program}, p.Args...)...)
	}
	return exec.Command(program, p.Args...), nil
}

// through is a command of this program in a separate namespace.
func through(namespace uintptr, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.Command(self, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	pod.Attributes(cmd.SysProcAttr, namespace)
	return cmd, nil
}
