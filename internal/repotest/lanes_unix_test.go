//go:build unix

package repotest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// everything are the programs that all targets need.
const everything = "gcc git make shellcheck openssl curl Orthanc haproxy echoscu dciodvfy chromium dot sudo tmux promtool"

// TestLanes runs .ci/test with a make that only prints its target, and with few programs
// on PATH: tests that cannot run are listed, and with --all nothing runs. A target that
// fails does not keep the others from running, and its failed tests are listed, with the
// output that preceded their results.
func TestLanes(t *testing.T) {
	inRoot(t)
	for _, test := range []struct {
		about, programs, user, arguments string
		fail, made, notRun, failed       string
		code                             int
	}{
		{"everything is installed", everything, "0", "",
			"", "lint unit fuzz peers sudo krew-test live", "", "", 0},
		{"everything is installed, in CI", everything, "0", "--all",
			"", "lint unit fuzz peers sudo krew-test live", "", "", 0},
		{"no archive", "gcc git make shellcheck openssl curl haproxy sudo tmux promtool", "0", "",
			"", "lint unit fuzz sudo krew-test", "make live (missing: orthanc dcmtk), make peers (missing: orthanc dcmtk dicom3tools chromium graphviz)", "", 0},
		{"no archive, in CI", "gcc git make shellcheck openssl curl haproxy sudo tmux promtool", "0", "--all",
			"", "", "", "", 1},
		{"no C compiler", "git make shellcheck openssl", "0", "",
			"", "lint unit-without-race fuzz krew-test", "make live (missing: gcc curl orthanc haproxy dcmtk tmux prometheus), make unit, with the race detector (missing: gcc), make peers (missing: gcc curl orthanc haproxy dcmtk dicom3tools chromium graphviz prometheus), make sudo (missing: gcc sudo)", "", 0},
		{"not root", everything, "1000", "",
			"", "lint unit fuzz peers krew-test", "make live (missing: root), make sudo (missing: root)", "", 0},
		{"one fails", everything, "0", "--all",
			"peers", "lint unit fuzz peers sudo krew-test live", "", "make peers", 1},
		{"two fail", everything, "0", "",
			"lint live", "lint unit fuzz peers sudo krew-test live", "", "make lint, make live", 1},
		{"not root, in CI", everything, "1000", "--all",
			"", "", "", "", 1},
	} {
		t.Run(test.about, func(t *testing.T) {
			ran := runLanes(t, strings.Fields(test.programs), test.user, test.fail, strings.Fields(test.arguments))
			want := lanes{made: test.made, notRun: test.notRun, failed: test.failed, code: test.code}
			if ran != want {
				t.Errorf("got  %+v\nwant %+v", ran, want)
			}
		})
	}
}

// lanes are the targets that .ci/test made, and those that it listed at its end.
type lanes struct {
	made, notRun, failed string
	code                 int
}

// runLanes runs .ci/test with only these programs on PATH, without apt-get. The targets in
// fail fail.
func runLanes(t *testing.T, programs []string, user, fail string, arguments []string) lanes {
	t.Helper()
	cmd := lanesCommand(t, programs, user, `echo "make: $1"
printf '%s\n' '=== RUN   TestFine' 'fine' '--- PASS: TestFine (0.00s)' '=== RUN   TestOf' "the reason of $1"
case " `+fail+` " in *" $1 "*) echo "--- FAIL: TestOf $1"; exit 2 ;; esac`)
	cmd.Args = append(cmd.Args, arguments...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	for _, target := range strings.Fields(fail) {
		summary := "\nmake " + target + " failed:\n--- FAIL: TestOf " + target +
			"\nthe end of the output of TestOf:\nthe reason of " + target + "\n\n"
		if !strings.Contains(string(out), summary) {
			t.Errorf("the failed tests of make %s are not listed at the end: %s", target, out)
		}
	}
	rest, failed, _ := strings.Cut(string(out), "\nFailed:\n")
	ran, notRun, _ := strings.Cut(rest, "\nNot run:\n")
	return lanes{
		made:   strings.Join(withPrefix(ran, "make: "), " "),
		notRun: strings.Join(withPrefix(notRun, "  "), ", "),
		failed: strings.Join(withPrefix(failed, "  "), ", "),
		code:   cmd.ProcessState.ExitCode(),
	}
}

// lanesCommand is .ci/test with only these programs on PATH, all of which run the shell
// command program.
func lanesCommand(t *testing.T, programs []string, user, program string) *exec.Cmd {
	t.Helper()
	path := t.TempDir()
	for _, name := range []string{"sh", "dirname", "tr", "date", "mktemp", "rm", "cat", "nice", "sleep", "tee", "grep", "head", "awk"} {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
	}
	script := func(name, text string) {
		if err := os.WriteFile(filepath.Join(path, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script("uname", "echo Linux")
	script("id", "echo "+user)
	for _, name := range programs {
		script(name, program)
	}
	// Linux has setsid; the tests that .ci/test starts with it run on Linux only.
	if program, err := exec.LookPath("setsid"); err == nil {
		script("setsid", "exec "+program+` "$@"`)
	} else {
		script("setsid", `exec "$@"`)
	}
	// .ci/setup adds the directories of administrators to PATH, where the real programs are: a
	// copy without that step replaces it.
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, ".ci"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"test", "setup"} {
		text := strings.Replace(read(t, filepath.Join(".ci", name)), "PATH=$PATH:/usr/sbin:/sbin\n", "", 1)
		if err := os.WriteFile(filepath.Join(root, ".ci", name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(root, ".ci", "test"))
	cmd.Env = []string{"PATH=" + path}
	return cmd
}

// withPrefix are the lines that begin with the prefix, without it.
func withPrefix(text, prefix string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			found = append(found, strings.TrimSpace(rest))
		}
	}
	return found
}
