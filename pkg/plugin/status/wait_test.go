package status

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/watched"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// waiting is `status NAMES --wait --timeout=TIMEOUT` at a server, with short intervals.
type waiting struct {
	*options
	stdout, stderr *watched.Output
}

func newWaiting(server string, timeout time.Duration, tenants ...string) *waiting {
	stdout, stderr := watched.New(), watched.New()
	kube := genericclioptions.NewConfigFlags(false)
	kube.APIServer = &server
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: stdout, ErrOut: stderr}
	return &waiting{&options{
		call: &command.Call{Kube: kube, Streams: streams, Name: command.UsualName}, output: command.NewOutput(),
		names: tenants, wait: true, timeout: timeout, interval: 10 * time.Millisecond,
	}, stdout, stderr}
}

// exit runs the command until it ends.
func (w *waiting) exit(ctx context.Context) int {
	return command.Code(w.run(ctx), command.UsualName, w.stderr)
}

// TestWaitForTenantThatNeverAppears checks that a missing tenant is reported immediately, and
// at the end as one that never appeared.
func TestWaitForTenantThatNeverAppears(t *testing.T) {
	for _, test := range []struct {
		name    string
		keep    func(*unstructured.Unstructured) bool
		deny    bool
		tenants []string
		want    []string // on standard error
		stdout  string
	}{
		{"a typing error", fakeapi.KeepAll, false, []string{"bsh"}, []string{
			"tenant \"bsh\" does not exist yet (did you mean bhs?); waiting for it to appear\n",
			"error: tenant \"bsh\" did not appear within 2s\nTenants: bhs, mhr.\n",
		}, ""},
		{"a name like no other", fakeapi.KeepAll, false, []string{"radiology"}, []string{
			"tenant \"radiology\" does not exist yet; waiting for it to appear\n",
			"error: tenant \"radiology\" did not appear within 2s\nTenants: bhs, mhr.\n",
		}, ""},
		{"one of several", fakeapi.WithoutBHS, false, []string{"mhr", "bhs", "other"}, []string{
			"tenant \"bhs\" does not exist yet (did you mean mhr?); waiting for it to appear\n",
			"tenant \"other\" does not exist yet; waiting for it to appear\n",
			"mhr is Ready\n",
			"error: tenants \"bhs\", \"other\" did not appear within 2s\nTenants: mhr.\n",
		}, "mhr has been Ready"},
		{"no tenant at all", fakeapi.KeepNone, false, nil, []string{
			"no tenant was found: nothing in the cluster runs Orthanc, or is labelled workload=orthweb; waiting for one to appear\n",
			"error: no tenant appeared within 2s\nCheck that --context names the correct cluster.\n",
		}, ""},
		{"none, and a name", fakeapi.KeepNone, false, []string{"bhs"}, []string{
			"tenant \"bhs\" does not exist yet; waiting for it to appear\n",
			"error: tenant \"bhs\" did not appear within 2s\nCheck that --context names the correct cluster.\n",
		}, ""},
		{"no rights", fakeapi.KeepNone, true, []string{"bhs"}, []string{
			"tenant \"bhs\" was not found: forbidden: cannot list kustomizations.kustomize.toolkit.fluxcd.io at the cluster scope; waiting for it to appear\n",
			"error: tenant \"bhs\" was not found within 2s: forbidden: cannot list kustomizations.kustomize.toolkit.fluxcd.io at the cluster scope\nRequest this permission",
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			api, _ := fakeapi.ExampleServer(t, "healthy", test.keep)
			if test.deny {
				api.Deny("kustomizations.kustomize.toolkit.fluxcd.io")
			}
			w := newWaiting(api.URL, 2*time.Second, test.tenants...)
			if code := w.exit(t.Context()); code != int(command.Expired) {
				t.Errorf("exit status %d, want %d", code, int(command.Expired))
			}
			for _, want := range test.want {
				if n := strings.Count(w.stderr.String(), want); n != 1 {
					t.Errorf("%d times %q in:\n%s", n, want, w.stderr)
				}
			}
			if got := w.stdout.String(); !strings.HasPrefix(got, test.stdout) || test.stdout == "" && got != "" {
				t.Errorf("standard output: %s", got)
			}
		})
	}
}

// TestWaitForTenantThatAppears checks that a tenant is printed as soon as it appears, and that
// the wait ends when it is Ready.
func TestWaitForTenantThatAppears(t *testing.T) {
	for _, test := range []struct {
		name    string
		keep    func(*unstructured.Unstructured) bool
		tenants []string
		want    string
	}{
		{"beside another", fakeapi.WithoutBHS, []string{"bhs"}, `tenant "bhs" does not exist yet`},
		{"in an empty cluster", fakeapi.KeepNone, []string{"bhs"}, `tenant "bhs" does not exist yet`},
		{"any, in an empty cluster", fakeapi.KeepNone, nil, "no tenant was found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, rest := fakeapi.ExampleServer(t, "healthy", test.keep)
			w, done := newWaiting(api.URL, time.Hour, test.tenants...), make(chan int, 1)
			go func() { done <- w.exit(t.Context()) }()
			w.stderr.WaitFor(t, test.want)
			api.Put(rest...)
			if code := <-done; code != int(command.Yes) {
				t.Errorf("exit status %d: %s", code, w.stderr)
			}
			if !strings.Contains(w.stderr.String(), "bhs is Ready\n") || w.stdout.String() == "" {
				t.Errorf("%s%s", w.stderr, w.stdout)
			}
		})
	}
}

// TestWaitWhileServerIsAway checks that an unreachable server does not end the wait, that it is
// reported immediately, and that its error is the last line after the timeout.
func TestWaitWhileServerIsAway(t *testing.T) {
	away := fakeapi.Status(http.StatusInternalServerError, "InternalError", "etcd has no leader")
	const error500 = ": discovering its API: etcd has no leader"
	for _, test := range []struct {
		name, example string
		fault         fakeapi.Fault
		code          int
		want          []string
		stdout        string
	}{
		{"for a moment", "healthy", fakeapi.First(2, away), int(command.Yes), []string{error500 + "; retrying in 10ms\n", "bhs is Ready\n"}, "bhs has been Ready"},
		{"from the start", "healthy", away, int(command.Expired), []string{
			error500 + "; retrying in 10ms\n",
			"error: not all tenants were ready within 2s; the last attempt to read the cluster failed: the API server at ",
			error500 + "\nCheck the cluster with 'kubectl version'",
		}, ""},
		{"at the end", "failing", fakeapi.After(1, away), int(command.Expired), []string{
			"bhs is Failing: Deployment/orthanc InvalidImageName\n",
			error500 + "; retrying in 10ms\n",
			"error: not all tenants were ready within 2s; the last attempt to read the cluster failed: the API server at ",
		}, "bhs has been Failing"},
		{"without a word", "healthy", fakeapi.Hang(), int(command.Expired), []string{
			"error: not all tenants were ready within 2s; the last attempt to read the cluster failed: the API server at ",
			": discovering its API: no answer in time\n",
		}, ""},
		{"without a word at the end", "failing", fakeapi.After(1, fakeapi.Hang()), int(command.Expired), []string{
			"error: not all tenants were ready within 2s\n",
		}, "bhs has been Failing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			api, _ := fakeapi.ExampleServer(t, test.example, fakeapi.KeepAll)
			api.Fail("^/api$", test.fault)
			w := newWaiting(api.URL, 2*time.Second, "bhs")
			if code := w.exit(t.Context()); code != test.code {
				t.Errorf("exit status %d, want %d", code, test.code)
			}
			for _, want := range test.want {
				if n := strings.Count(w.stderr.String(), want); n != 1 {
					t.Errorf("%d times %q in:\n%s", n, want, w.stderr)
				}
			}
			if got := w.stdout.String(); !strings.HasPrefix(got, test.stdout) || test.stdout == "" && got != "" {
				t.Errorf("standard output: %s", got)
			}
		})
	}
}

// TestWaitWhileKindIsAway checks that a kind that can't be read at the very end does not
// replace the known state.
func TestWaitWhileKindIsAway(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "failing", fakeapi.KeepAll)
	api.Fail("/kustomizations$", fakeapi.After(1, fakeapi.Hang()))
	w := newWaiting(api.URL, 2*time.Second, "bhs")
	if code := w.exit(t.Context()); code != int(command.Expired) || !strings.HasPrefix(w.stdout.String(), "bhs has been Failing") {
		t.Errorf("exit status %d: %s%s", code, w.stdout, w.stderr)
	}
}

// TestWaitForTenantThatDisappears checks that a deleted tenant is not reported as one that
// never appeared.
func TestWaitForTenantThatDisappears(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "failing", fakeapi.KeepAll)
	_, of := fakeapi.ExampleServer(t, "failing", fakeapi.WithoutBHS)
	w, done := newWaiting(api.URL, 2*time.Second, "bhs"), make(chan int, 1)
	go func() { done <- w.exit(t.Context()) }()
	w.stderr.WaitFor(t, "bhs is Failing")
	api.Delete(of...)
	w.stderr.WaitFor(t, `tenant "bhs" does not exist yet`)
	if code := <-done; code != int(command.Expired) || !strings.Contains(w.stderr.String(), "error: not all tenants were ready within 2s: tenant \"bhs\" does not exist\n") {
		t.Errorf("exit status %d: %s", code, w.stderr)
	}
}

// TestWaitEnds checks that an error that waiting can't fix ends the wait immediately, and so
// does an interrupt.
func TestWaitEnds(t *testing.T) {
	w := newWaiting("https://a b", time.Hour, "bhs")
	if code := w.exit(t.Context()); code != int(command.Unclear) || strings.Contains(w.stderr.String(), "trying again") {
		t.Errorf("exit status %d: %s", code, w.stderr)
	}
	api, _ := fakeapi.ExampleServer(t, "failing", fakeapi.KeepAll)
	ctx, interrupt := context.WithCancel(t.Context())
	w, done := newWaiting(api.URL, time.Hour, "bsh"), make(chan int, 1)
	go func() { done <- w.exit(ctx) }()
	w.stderr.WaitFor(t, "waiting for it")
	interrupt()
	if code := <-done; code != int(command.Interrupted) || strings.Contains(w.stderr.String(), "error:") {
		t.Errorf("exit status %d: %s", code, w.stderr)
	}
}
