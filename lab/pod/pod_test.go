package pod

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMain also runs as the process that enters, as the relay, and as a program inside.
func TestMain(m *testing.M) {
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == RelayCommand:
		err = Relay(os.Args[2])
	case len(os.Args) > 1 && os.Args[1] == "inside":
		err = serveInside()
	case os.Getenv("POD_TEST_ENTER") == "namespace":
		err = Enter("flux-system", "/bin/cat", []string{NamespaceFile})
	case os.Getenv("POD_TEST_ENTER") == "network":
		err = EnterNetwork("8042", os.Args[0], []string{"inside"})
	default:
		os.Exit(m.Run())
	}
	_, _ = os.Stderr.WriteString(err.Error())
	os.Exit(1)
}

func TestEnterShowsTheNamespaceInsideOnly(t *testing.T) {
	before, beforeErr := os.ReadFile(NamespaceFile)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "POD_TEST_ENTER=namespace")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	Attributes(cmd.SysProcAttr, syscall.CLONE_NEWNS)
	out, err := cmd.CombinedOutput()
	if err != nil && strings.Contains(err.Error()+string(out), "not permitted") {
		t.Skipf("this system allows its users no namespaces: %v %s", err, out)
	}
	if err != nil || string(out) != "flux-system" {
		t.Errorf("inside: %q %v", out, err)
	}
	after, afterErr := os.ReadFile(NamespaceFile)
	if string(before) != string(after) || (beforeErr == nil) != (afterErr == nil) {
		t.Errorf("outside: %q %v became %q %v", before, beforeErr, after, afterErr)
	}
}
