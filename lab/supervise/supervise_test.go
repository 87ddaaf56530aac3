package supervise

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/pod"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// TestMain also runs as the supervisor that is killed, and as the commands of orthweb-lab through
// which an Orthanc is started.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == pod.RelayCommand {
		panic(pod.Relay(os.Args[2]))
	}
	if len(os.Args) > 3 && os.Args[1] == pod.NetworkCommand {
		panic(pod.EnterNetwork(os.Args[2], os.Args[3], os.Args[4:]))
	}
	if os.Getenv("SUPERVISE_TEST_CHILD") != "" {
		cmd := exec.Command("/bin/sleep", "600")
		s := &supervisor{launcher: newLauncher()}
		c, err := s.launchAs(parts.Part{Name: "sleep"}, cmd, output{os.Stderr, func() {}})
		if err != nil {
			panic(err)
		}
		_ = json.NewEncoder(os.Stdout).Encode(c.process)
		select {}
	}
	os.Exit(m.Run())
}

func TestChildrenDieWithTheSupervisor(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SUPERVISE_TEST_CHILD=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var child state.Process
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &child) != nil {
		_ = cmd.Process.Kill()
		t.Fatalf("%s %v", line, err)
	}
	if !child.Alive() {
		t.Fatal("the child doesn't run")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !child.WaitGone(5 * time.Second) {
		t.Error("the child outlived its supervisor")
	}
}

// newTestSupervisor has programs that write to a file when they end.
func newTestSupervisor(t *testing.T, scripts map[string]string) *supervisor {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lab")
	bin := t.TempDir()
	if err := state.Create(dir, state.Lab{}); err != nil {
		t.Fatal(err)
	}
	s := &supervisor{launcher: newLauncher(), cfg: parts.Config{Dir: dir}, lab: state.Lab{Binaries: bin}}
	for _, d := range s.cfg.Dirs() {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if s.cfg.Ports, err = parts.Reserve("a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.probe = &probe{plain: http.DefaultClient, client: http.DefaultClient}
	return s
}

func healthy(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	return server.URL
}

const onTerm = `trap 'sleep 0.2; echo NAME >> ended; exit 0' TERM; echo well; while :; do sleep 0.05; done`

func TestStopsTheStoreLast(t *testing.T) {
	s := newTestSupervisor(t, map[string]string{
		"store":    strings.Replace(onTerm, "NAME", "store", 1),
		"user":     strings.Replace(onTerm, "NAME", "user", 1),
		"stubborn": "trap '' TERM; while :; do sleep 0.05; done",
	})
	url := healthy(t)
	ctx := context.Background()
	if err := s.run(ctx, parts.Part{Name: "store", Ports: []string{"a"}, Health: url, Store: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.run(ctx, parts.Part{Name: "user", Ports: []string{"b"}, Health: url}, parts.Part{Name: "stubborn", Ports: []string{"c"}, Health: url}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		data, _ := os.ReadFile(s.cfg.Log("store"))
		more, _ := os.ReadFile(s.cfg.Log("user"))
		return len(data) > 0 && len(more) > 0
	})
	s.stop()
	data, err := os.ReadFile(filepath.Join(s.cfg.Dir, "ended"))
	if err != nil || string(data) != "user\nstore\n" {
		t.Errorf("ended in the order %q: %v", data, err)
	}
	lab, err := state.Load(s.cfg.Dir)
	if err != nil || len(lab.Parts) != 3 {
		t.Fatalf("%+v %v", lab, err)
	}
	for _, p := range lab.Parts {
		if p.Process.Alive() {
			t.Errorf("%s still runs", p.Name)
		}
		if p.Exit != "" {
			t.Errorf("%s is said to have ended by itself", p.Name)
		}
	}
}

func TestAPartThatEndsIsNoted(t *testing.T) {
	s := newTestSupervisor(t, map[string]string{"user": "sleep 0.3; exit 3"})
	defer s.stop()
	if err := s.run(context.Background(), parts.Part{Name: "user", Ports: []string{"a"}, Health: healthy(t)}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		lab, err := state.Load(s.cfg.Dir)
		return err == nil && strings.Contains(lab.Parts[0].Exit, "3")
	})
}

func TestAPartThatNeverStartsShowsItsLog(t *testing.T) {
	s := newTestSupervisor(t, map[string]string{"user": "echo the port is taken; exit 1"})
	defer s.stop()
	err := s.run(context.Background(), parts.Part{Name: "user", Ports: []string{"a"}, Health: "http://127.0.0.1:1/"})
	if err == nil || !strings.Contains(err.Error(), "user") || !strings.Contains(err.Error(), "the port is taken") {
		t.Errorf("%v", err)
	}
}

func TestRunEndsWithContext(t *testing.T) {
	s := newTestSupervisor(t, map[string]string{"user": "exec sleep 600"})
	defer s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := s.run(ctx, parts.Part{Name: "user", Ports: []string{"a"}, Health: "http://127.0.0.1:1/"}); err == nil {
		t.Error("it is said to be up")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("x\n", 100000)+"a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tail(path, 2); got != "  a\n  b" {
		t.Errorf("%q", got)
	}
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		return what(), nil
	}); err != nil {
		t.Fatal("it never happened")
	}
}
