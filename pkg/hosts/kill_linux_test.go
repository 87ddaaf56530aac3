package hosts

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestProcesses checks that all entries exist after fifty concurrent programs.
func TestProcesses(t *testing.T) {
	path := hostsFile(t, plainHosts)
	var children []*exec.Cmd
	var tenants []string
	for i := range 50 {
		tenants = append(tenants, fmt.Sprintf("t%02d", i))
		cmd := childCommand(path, tenants[i])
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, cmd)
	}
	for i, cmd := range children {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", tenants[i], err)
		}
	}
	if has := content(t, path); has != withTenants(t, plainHosts, tenants...) {
		t.Errorf("the file is %s", has)
	}
	if has := beside(t, path); has != "hosts.orthweb.bak" {
		t.Errorf("there is more beside the file: %s", has)
	}
}

// TestKilled checks that a program that is killed before any of its steps leaves the old file
// or the new one, and does not block the next one.
func TestKilled(t *testing.T) {
	steps := 0
	for at, more := 1, true; more; at++ {
		path := hostsFile(t, plainHosts)
		if more = killed(t, path, "a", at); more {
			steps++
		}
		old, fresh := plainHosts, withTenants(t, plainHosts, "a")
		has := content(t, path)
		if has != old && has != fresh {
			t.Errorf("step %d: the file is %q", at, has)
		}
		afterKill(t, path, at, has)
	}
	if steps < 14 {
		t.Errorf("only %d steps", steps)
	}
}

// TestKilledInPlace is TestKilled for a file that is a mount. Between two writes the file is
// the old one or the new one, except for blank lines at the end, and the next program removes
// those.
func TestKilledInPlace(t *testing.T) {
	if !isolated(t) {
		return
	}
	fresh := withTenants(t, plainHosts, "a")
	longer, _ := merged(t, plainHosts, "c", "a 10.0.0.2 second.a.org", "a 10.0.0.1 web.a.org")
	for about, old := range map[string]string{"growing": plainHosts, "shrinking": longer} {
		steps := 0
		for at, more := 1, true; more; at++ {
			source, path := hostsFile(t, old), hostsFile(t, "")
			mount(t, source, path, "", unix.MS_BIND, "")
			if more = killed(t, path, "a", at); more {
				steps++
			}
			has := strings.TrimRight(content(t, path), "\n")
			if has != old && has != fresh {
				t.Errorf("%s, step %d: the file is %q", about, at, has)
			}
			afterKill(t, path, at, old, fresh)
		}
		if steps < 20 {
			t.Errorf("%s: only %d steps", about, steps)
		}
	}
}

// afterKill adds another tenant to the file, which must be one of these.
func afterKill(t *testing.T, path string, at int, is ...string) {
	t.Helper()
	if _, err := Update(t.Context(), path, adding("b")); err != nil {
		t.Errorf("step %d: afterwards: %v", at, err)
	}
	now := content(t, path)
	if !slices.ContainsFunc(is, func(has string) bool { return now == withTenants(t, has, "b") }) {
		t.Errorf("step %d: afterwards the file is %q", at, now)
	}
	if left := beside(t, path); left != "hosts.orthweb.bak" {
		t.Errorf("step %d: beside the file is %s", at, left)
	}
}
