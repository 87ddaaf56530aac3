package pod

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMain is also the process that enters.
func TestMain(m *testing.M) {
	if os.Getenv("POD_TEST_ENTER") != "" {
		if err := Enter("flux-system", "/bin/cat", []string{NamespaceFile}); err != nil {
			_, _ = os.Stderr.WriteString(err.Error())
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestEnterShowsTheNamespaceInsideOnly(t *testing.T) {
	before, beforeErr := os.ReadFile(NamespaceFile)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "POD_TEST_ENTER=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	Attributes(cmd.SysProcAttr)
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
