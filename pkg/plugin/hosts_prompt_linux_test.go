package plugin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// terminal is a pseudo-terminal: input at one end is read at the other.
func terminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return user, program
}

// TestHostsPrompt checks that the prompt on a terminal shows the domains with the names and the
// address, and that one yes accepts them all.
func TestHostsPrompt(t *testing.T) {
	for _, c := range []struct {
		typed     string
		args      []string
		written   bool
		requested bool
	}{
		{"y\n", nil, true, true},
		{"yes\n", []string{"bhs"}, true, true},
		{"n\n", nil, false, true},
		{"\n", nil, false, true},
		{"y\n", []string{"--dry-run"}, false, false},
		{"n\n", []string{"--yes"}, true, false},
		{"n\n", []string{"bhs", "--allow-domain=orthweb.com"}, true, false},
	} {
		t.Run(fmt.Sprintf("%q %v", c.typed, c.args), func(t *testing.T) {
			api := hostsCluster(t)
			path := filepath.Join(t.TempDir(), "hosts")
			if err := os.WriteFile(path, []byte(localLine), 0o600); err != nil {
				t.Fatal(err)
			}
			user, program := terminal(t)
			if _, err := user.WriteString(c.typed); err != nil {
				t.Fatal(err)
			}
			_, _, out, errOut := genericiooptions.NewTestIOStreams()
			cmd := NewRoot(genericiooptions.IOStreams{In: program, Out: out, ErrOut: errOut})
			cmd.SetArgs(append([]string{"hosts", "sync", "--hosts-file", path, "--kubeconfig", api.Kubeconfig()}, c.args...))
			err := cmd.ExecuteContext(context.Background())
			has, readErr := os.ReadFile(path)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if written := strings.Contains(string(has), "192.0.2.1\tweb.bhs.orthweb.com"); written != c.written || (err == nil) != c.written {
				t.Errorf("%v\n%s%s\nthe file:\n%s", err, out, errOut, has)
			}
			question := strings.Contains(errOut.String(), "  bhs  bhs.orthweb.com  192.0.2.1  dicom.bhs.orthweb.com, web.bhs.orthweb.com\n") && strings.Contains(errOut.String(), "Accept them? [y/N]")
			if question != c.requested {
				t.Errorf("asked: %v\n%s", question, errOut)
			}
		})
	}
}
