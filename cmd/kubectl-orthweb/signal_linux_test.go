package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/examples"
	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/reliability"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
)

// asProgram makes the test binary run as the program.
const asProgram = "ORTHWEB_TEST_MAIN"

func TestMain(m *testing.M) {
	chart.Main()
	if os.Getenv(asProgram) != "" {
		main()
	}
	code := m.Run()
	_ = os.RemoveAll(built.dir)
	os.Exit(code)
}

// These are the points at which a command waits for input that never arrives.
const (
	atFIFO   = "it reads a FIFO without a writer"
	atInput  = "it reads standard input without a writer"
	atServer = "the API server does not answer"
	atPeer   = "a TLS server does not answer"
	atLogin  = "the login program does not end"
)

// waitingCommands are commands by the point at which they wait. FIFO, PEER, CERT and KEY stand
// for paths and an address. Commands that wait at a FIFO or at the input run with a healthy
// cluster.
var waitingCommands = map[string][]string{
	atFIFO: {
		"status --from=FIFO", "explain --from=FIFO", "report --from=FIFO", "cert list --from=FIFO", "cert verify CERT --from=FIFO",
		"hosts list --from=FIFO", "hosts diff --from=FIFO --block=lab", "hosts diff --from=example:healthy --kubeconfig=FIFO",
		"cert inspect FIFO", "cert inspect FIFO --p12 --p12-password-env=HOME", "cert inspect CERT --p12 --p12-password-file=FIFO",
		"cert verify FIFO", "cert verify CERT --key=FIFO", "cert verify CERT --p12 --p12-password-file=FIFO",
		"cert issue bhs --csr=FIFO", "cert issue bhs --p12 --p12-password-file=FIFO",
		"validate bhs --ca=FIFO", "validate bhs --cert=FIFO --key=KEY", "validate bhs --cert=CERT --key=FIFO",
		"validate bhs --p12=FIFO --p12-password-env=HOME", "validate bhs --p12=CERT --p12-password-file=FIFO",
		"validate bhs --cert=CERT --key=KEY --password-file=FIFO",
		"validate bhs --cert=CERT --key=KEY --other-cert=FIFO --other-key=KEY", "validate bhs --cert=CERT --key=KEY --other-cert=CERT --other-key=FIFO",
		"status --kubeconfig=FIFO", "hosts list --kubeconfig=FIFO", "version --kubeconfig=FIFO",
		"status -o jsonpath-file=FIFO", "hosts list -o go-template-file=FIFO", "cert list -o custom-columns-file=FIFO",
		"lint --config=FIFO",
	},
	atInput: {
		"status --from=-", "explain --from=-", "report --from=-", "cert list --from=-", "hosts list --from=-", "hosts diff --from=- --block=lab", "cert inspect -", "cert verify -",
		"cert issue bhs --csr=-", "cert inspect CERT --p12 --p12-password-file=-", "cert issue bhs --p12 --p12-password-file=-",
		"validate bhs --cert=CERT --key=KEY --password-file=-", "hosts apply --hosts-file=/none", "lint -",
	},
	atServer: {
		"status", "status bhs --wait", "status --watch", "explain", "explain bhs", "validate bhs", "reconcile bhs", "suspend bhs", "resume bhs",
		"cert issue bhs", "cert list", "cert verify CERT", "cert inspect secret/x", "hosts list", "hosts diff", "hosts sync",
		"snapshot save new.tgz", "version", "check", "tenant compare bhs mhr --live", "status --all-contexts", "explain --contexts=*",
		"report", "report --all-contexts",
	},
	atPeer:  {"cert inspect PEER"},
	atLogin: {"status", "explain bhs", "version", "cert issue bhs", "status --all-contexts", "validate bhs --all-contexts"},
}

// notRead are flags whose usage mentions files that the program does not read, or reads only
// after another step.
var notRead = []string{
	"save", "force", "output-file", "resume", // outputs; --resume is locked first, and must be a regular file
	"output-dir", "name", "stdout", "p12-legacy", "output", "allow-missing-template-keys",
	"hosts-file",                                                         // must be a regular file
	"block", "certificate-authority", "client-certificate", "client-key", // client-go reads them
	"repo", "yes", "export", "address", // a directory; writes files; text
	"concurrency", "quiet", "keep", "cache-dir", "template", "at", "assume-complete",
}

// TestFileFlags checks that waitingCommands covers the flags that take files.
func TestFileFlags(t *testing.T) {
	text := strings.Join(slices.Concat(waitingCommands[atFIFO], waitingCommands[atInput]), " ") + " "
	file := regexp.MustCompile(`(?i)\bfiles?\b`)
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if file.MatchString(flag.Usage) && !slices.Contains(notRead, flag.Name) && !strings.Contains(text, "--"+flag.Name+"=") && !strings.Contains(text, "--"+flag.Name+" ") {
				t.Errorf("%s --%s may read a file: no test interrupts it there", cmd.CommandPath(), flag.Name)
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(plugin.NewRoot(genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}))
}

// TestSignals interrupts and terminates the program at each point where it waits.
func TestSignals(t *testing.T) {
	var rows []reliability.Row
	for _, point := range []string{atFIFO, atInput, atServer, atPeer, atLogin} {
		var times, held atomic.Int32
		t.Run(point, func(t *testing.T) {
			for _, command := range waitingCommands[point] {
				for _, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
					times.Add(1)
					t.Run(fmt.Sprintf("%s/%s", command, sent), func(t *testing.T) {
						t.Parallel()
						interrupt(t, point, command, sent)
						if !t.Failed() {
							held.Add(1)
						}
					})
				}
			}
		})
		rows = append(rows, reliability.Row{
			Tried: "SIGINT, and SIGTERM, while " + point, Times: int(times.Load()), Held: int(held.Load()),
			Promise: "the process ends with the signal's exit code and no error message",
		})
	}
	reliability.Report(t, "signals", rows)
}

// interrupt starts the command, waits until the command waits, and sends the signal.
func interrupt(t *testing.T, point, command string, sent syscall.Signal) {
	s := newScene(t, point)
	var out bytes.Buffer
	cmd := exec.Command(os.Args[0], strings.Fields(s.paths.Replace(command))...)
	cmd.Args[0], cmd.Dir = "kubectl-orthweb", s.dir
	cmd.Env = append(os.Environ(), asProgram+"=yes", "KUBECONFIG="+s.kubeconfig, "ORTHWEB_HOSTS_FILE="+filepath.Join(s.dir, "hosts"), "HOME="+s.dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // the credential plugin has these variables, too
	if point == atInput {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = read.Close(); _ = write.Close() })
		cmd.Stdin = read
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	waits := make(chan error, 1)
	go func() { waits <- s.waitFor(cmd.Process.Pid) }()
	select {
	case err := <-waits:
		if err != nil {
			t.Fatal(err)
		}
	case <-ended:
		t.Fatalf("it ended without waiting: %v: %s", cmd.ProcessState, out.String())
	case <-time.After(patience):
		t.Fatalf("it does not wait at this point: %s", out.String())
	}
	if err := cmd.Process.Signal(sent); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("it goes on after the signal")
	}
	if got, want := cmd.ProcessState.ExitCode(), 128+int(sent); got != want {
		t.Errorf("the exit code is %d, want %d: %s", got, want, out.String())
	}
	if strings.Contains(out.String(), "error:") {
		t.Errorf("it prints: %s", out.String())
	}
}

// patience is how long a test waits for an expected event.
const patience = 20 * time.Second

// scene is the environment of a command that waits.
type scene struct {
	dir, kubeconfig string
	paths           *strings.Replacer
	// waitFor returns when the process waits at the point.
	waitFor func(pid int) error
}

func newScene(t *testing.T, point string) scene {
	t.Helper()
	dir := t.TempDir()
	s := scene{dir: dir, kubeconfig: filepath.Join(dir, "none")}
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	certificate, key := testPair(t)
	for name, content := range map[string][]byte{"cert": certificate, "key": key, "hosts": []byte("127.0.0.1\tlocalhost\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	s.paths = strings.NewReplacer("FIFO", fifo, "PEER", peer.Addr().String(), "CERT", "cert", "KEY", "key")
	switch point {
	case atFIFO, atLogin:
		s.waitFor = func(int) error { return openForWriting(t, fifo) }
	case atInput:
		s.waitFor = readsInput
	case atPeer:
		s.waitFor = func(int) error {
			conn, err := peer.Accept()
			if err == nil {
				t.Cleanup(func() { _ = conn.Close() })
			}
			return err
		}
	}
	switch point {
	case atFIFO, atInput, atServer:
		api := healthyServer(t)
		s.kubeconfig = api.Kubeconfig()
		if point == atServer {
			api.Fail(".", fakeapi.Hang())
			s.waitFor = func(int) error { api.WaitFor(".", 1); return nil }
		}
	case atLogin:
		s.kubeconfig = loginKubeconfig(t, dir, fifo)
	}
	return s
}

// openForWriting returns when a reader has opened the FIFO.
func openForWriting(t *testing.T, fifo string) error {
	file, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err == nil {
		t.Cleanup(func() { _ = file.Close() })
	}
	return err
}

// readsInput returns when a thread of the process is in read(2) of its standard input
// (proc_pid_syscall(5)).
func readsInput(pid int) error {
	wanted := fmt.Appendf(nil, "%d 0x0 ", unix.SYS_READ)
	for {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
		if err != nil || len(threads) == 0 {
			return fmt.Errorf("process %d has no threads: %w", pid, err)
		}
		for _, thread := range threads {
			now, err := os.ReadFile(thread)
			if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
				return err
			}
			if bytes.HasPrefix(now, wanted) {
				return nil
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// healthyServer serves the recorded cluster whose tenants are healthy.
func healthyServer(t *testing.T) *fakeapi.Server {
	t.Helper()
	healthy := healthyCluster(t)
	api := fakeapi.New(t, healthy.objects...)
	api.SetTime(healthy.at)
	return api
}

// cluster is a recorded cluster: its time, and its objects.
type cluster struct {
	at      time.Time
	objects []*unstructured.Unstructured
}

// readHealthyCluster reads the recorded cluster whose tenants are healthy, only once.
var readHealthyCluster = sync.OnceValues(func() (cluster, error) {
	content, err := examples.Open("healthy")
	if err != nil {
		return cluster{}, err
	}
	snap, err := file.Read(bytes.NewReader(content))
	if err != nil {
		return cluster{}, err
	}
	c := cluster{at: snap.Meta().At}
	for _, request := range snap.Requests() {
		c.objects = append(c.objects, snap.List(request.GroupKind(), "").Objects...)
	}
	return c, nil
})

// healthyCluster is the recorded cluster whose tenants are healthy. Its objects must not
// be changed.
func healthyCluster(t *testing.T) cluster {
	t.Helper()
	c, err := readHealthyCluster()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// loginKubeconfig is a kubeconfig whose credential plugin waits for the FIFO.
func loginKubeconfig(t *testing.T, dir, fifo string) string {
	t.Helper()
	path := filepath.Join(dir, "kubeconfig")
	content := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: x,
users: [{name: x, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: cat, args: [%q], interactiveMode: Never}}}],
contexts: [{name: x, context: {cluster: x, user: x}}], clusters: [{name: x, cluster: {server: "https://127.0.0.1:1"}}]}
`, fifo)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
