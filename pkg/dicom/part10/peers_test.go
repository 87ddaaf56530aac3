//go:build peers

package part10

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
)

// TestInstancesAreValid checks the test images with other programs.
func TestInstancesAreValid(t *testing.T) {
	name := filepath.Join(t.TempDir(), "test.dcm")
	if err := os.WriteFile(name, NewTestStudy([32]byte{5}, time.Now(), 1)[0].File, 0o600); err != nil {
		t.Fatal(err)
	}
	dump := peers.Ask(t, "dcmdump", "--verbose", name)
	if !dump.OK() {
		t.Errorf("dcmdump: exit status %d\n%s", dump.Status, dump.Text)
	}
	for _, line := range strings.Split(dump.Text, "\n") {
		if strings.HasPrefix(line, "W:") || strings.HasPrefix(line, "E:") {
			t.Errorf("dcmdump: %s", line)
		}
	}
	if got := peers.Ask(t, "dcmftest", name).Text; !strings.HasPrefix(got, "yes: ") {
		t.Errorf("dcmftest: %s", got)
	}
	out, _ := exec.Command(peers.Program(t, "dciodvfy"), "-new", name).CombinedOutput()
	if !strings.Contains(string(out), "SCImage") || strings.Contains(string(out), "Error") {
		t.Errorf("dciodvfy:\n%s", out)
	}
	t.Logf("dciodvfy:\n%s", out)
}
