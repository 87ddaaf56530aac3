package status

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/watched"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// watching is `status NAMES --watch` at a server, as long as a test runs.
type watching struct {
	*options
	stdout, stderr *watched.Output
	interrupt      context.CancelFunc
	exit           chan int
}

func startWatching(t *testing.T, server, format string, tenants ...string) *watching {
	t.Helper()
	stdout, stderr := watched.New(), watched.New()
	kube := genericclioptions.NewConfigFlags(false)
	kube.APIServer = &server
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: stdout, ErrOut: stderr}
	ctx, interrupt := context.WithCancel(t.Context())
	w := &watching{&options{
		call: &command.Call{Kube: kube, Streams: streams, Name: command.UsualName}, output: command.NewOutput(),
		names: tenants, watch: true, interval: time.Second,
	}, stdout, stderr, interrupt, make(chan int, 1)}
	w.output.Format = format
	go func() { w.exit <- command.Code(w.run(ctx), command.UsualName, stderr) }()
	t.Cleanup(func() {
		interrupt()
		if code := <-w.exit; code != int(command.Interrupted) {
			t.Errorf("exit status %d: %s", code, stderr)
		}
		w.exit <- int(command.Interrupted)
	})
	return w
}

// breakOrthanc makes the Deployment of a tenant unavailable.
func breakOrthanc(t *testing.T, api *fakeapi.Server) {
	t.Helper()
	for _, obj := range fakeapi.Example(t, "healthy").List(object.DeploymentKind, "bhs-orthweb").Objects {
		if obj.GetName() != "orthanc" {
			continue
		}
		obj = obj.DeepCopy()
		if err := unstructured.SetNestedField(obj.Object, int64(1), "status", "availableReplicas"); err != nil {
			t.Fatal(err)
		}
		if err := unstructured.SetNestedField(obj.Object, int64(1), "status", "readyReplicas"); err != nil {
			t.Fatal(err)
		}
		api.Put(obj)
	}
}

func TestWatchLines(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	all, one := startWatching(t, api.URL, ""), startWatching(t, api.URL, "", "bhs")
	all.stdout.WaitFor(t, " mhr: Ready\n")
	one.stdout.WaitFor(t, " bhs: Deployment/orthanc: Ready\n")
	breakOrthanc(t, api)
	all.stdout.WaitFor(t, " bhs: Ready -> Progressing: Deployment/orthanc RollingOut\n")
	all.stdout.WaitFor(t, " bhs: Orthanc 3/3 -> 1/3\n")
	one.stdout.WaitFor(t, " bhs: Deployment/orthanc: Ready -> Progressing: RollingOut\n")
	for line := range strings.Lines(all.stdout.String()) {
		if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (bhs|mhr): `).MatchString(line) {
			t.Errorf("%q", line)
		}
	}
	if strings.Contains(one.stdout.String(), "mhr") || strings.Contains(all.stdout.String(), "Deployment/orthanc: ") || all.stderr.String() != "" {
		t.Errorf("%s%s%s", one.stdout, all.stdout, all.stderr)
	}
}

func TestWatchObjects(t *testing.T) {
	api, rest := fakeapi.ExampleServer(t, "healthy", fakeapi.WithoutBHS)
	json, yaml := startWatching(t, api.URL, "json"), startWatching(t, api.URL, "yaml")
	json.stdout.WaitFor(t, `"name": "mhr"`)
	yaml.stdout.WaitFor(t, "name: mhr")
	api.Put(rest...)
	json.stdout.WaitFor(t, `"name": "bhs"`)
	yaml.stdout.WaitFor(t, "name: bhs")
	if text := json.stdout.String(); !strings.HasPrefix(text, "{\n") || !strings.Contains(text, "\n}\n{\n") || strings.Contains(text, "TenantStatusList") {
		t.Error(text)
	}
	if text := yaml.stdout.String(); !strings.Contains(text, "\n---\naddresses:") || strings.Contains(text, "TenantStatusList") {
		t.Error(text)
	}
}

// TestWatchTenantThatAppears checks that a tenant that does not exist is reported, and shown when
// it exists.
func TestWatchTenantThatAppears(t *testing.T) {
	api, rest := fakeapi.ExampleServer(t, "healthy", fakeapi.WithoutBHS)
	w := startWatching(t, api.URL, "", "bhs", "mhr")
	w.stderr.WaitFor(t, "tenant \"bhs\" does not exist yet (did you mean mhr?); waiting for it to appear\n")
	w.stdout.WaitFor(t, " mhr: Ready\n")
	api.Put(rest...)
	w.stdout.WaitFor(t, " bhs: Absent -> Ready\n")
	api.Delete(rest...)
	w.stdout.WaitFor(t, " bhs: Ready -> Absent\n")
}

// TestWatchWhileServerIsAway checks that a lost server is reported once, and that the watch
// continues when it is back.
func TestWatchWhileServerIsAway(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	away := fakeapi.Status(500, "InternalError", "etcd has no leader")
	api.Fail("^/api$", fakeapi.First(1, away))
	w := startWatching(t, api.URL, "")
	w.stderr.WaitFor(t, ": discovering its API: etcd has no leader; retrying\n")
	w.stdout.WaitFor(t, " bhs: Ready\n")
	w.stderr.WaitFor(t, "The API server answers again.\n")
	api.Fail(".", away)
	api.EndWatches(true)
	w.stderr.WaitFor(t, ": etcd has no leader; retrying\n")
	api.Recover()
	breakOrthanc(t, api)
	w.stdout.WaitFor(t, " bhs: Ready -> Progressing: Deployment/orthanc RollingOut\n")
	if n := strings.Count(w.stdout.String(), " bhs: Ready\n"); n != 1 {
		t.Errorf("the start is printed %d times: %s", n, w.stdout)
	}
}

// TestWatchWithoutPermission checks that kinds that may only be listed are listed at intervals, and
// that this is reported.
func TestWatchWithoutPermission(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	api.DenyWatch("deployments.apps")
	w := startWatching(t, api.URL, "")
	w.stderr.WaitFor(t, "Read every 1s, because watching is not permitted: deployments.apps\n")
	breakOrthanc(t, api)
	w.stdout.WaitFor(t, " bhs: Ready -> Progressing: Deployment/orthanc RollingOut\n")
}

// TestWatchEnds checks that an error that does not pass ends the watch.
func TestWatchEnds(t *testing.T) {
	w := newWaiting("https://a b", time.Hour)
	w.wait, w.watch = false, true
	if code := w.exit(t.Context()); code != int(command.Unclear) {
		t.Errorf("exit status %d: %s", code, w.stderr)
	}
}
