package supervise

import (
	"fmt"
	"os/exec"
	"syscall"

	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/pod"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// checkPods checks whether Flux's controllers can be shown a pod's file on this system.
func (s *supervisor) checkPods() {
	// Any program that exits with 0 is suitable.
	cmd, err := s.command(parts.Part{Name: "kubectl", Args: []string{"version", "--client"}, Pod: "flux-system"})
	if err == nil {
		err = cmd.Run()
	}
	if err != nil {
		logf("this system gives its users no namespaces (%v): Flux's controllers run without leader election, and so without Leases", err)
		s.cfg.NoPods = true
	}
}

// checkNetworks checks whether an Orthanc can have its own network namespace. Without one
// it would listen on all addresses of the machine, so it is not started.
func (s *supervisor) checkNetworks() error {
	if s.lab.Peers == nil {
		return nil
	}
	cmd, err := through(syscall.CLONE_NEWNET, pod.NetworkCommand, "", s.binary("kubectl"), "version", "--client")
	if err == nil {
		err = runShort(cmd)
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("this system gives its users no networks of their own, and Orthanc would listen on all addresses of the machine: %w", err)
	if s.lab.Peers.Required {
		return err
	}
	logf("web and DICOM aren't served: %v", err)
	s.update(func(l *state.Lab) { l.Peers = nil })
	return nil
}

func runShort(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w %s", err, out)
	}
	return nil
}
