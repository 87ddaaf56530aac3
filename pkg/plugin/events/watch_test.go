package events

import (
	"context"
	"fmt"
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

// running is `events bhs --watch` at a server.
type running struct {
	stdout, stderr *watched.Output
	interrupt      context.CancelFunc
	code           chan int
}

func start(t *testing.T, server, format string) *running {
	t.Helper()
	r := &running{stdout: watched.New(), stderr: watched.New(), code: make(chan int, 1)}
	kube := genericclioptions.NewConfigFlags(false)
	kube.APIServer = &server
	o := &options{
		call:   &command.Call{Kube: kube, Streams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: r.stdout, ErrOut: r.stderr}, Name: command.UsualName},
		output: command.NewOutput(), tenant: "bhs", watch: true, poll: 20 * time.Millisecond, rescope: time.Millisecond,
	}
	o.output.Format = format
	var ctx context.Context
	ctx, r.interrupt = context.WithCancel(t.Context())
	go func() { r.code <- command.Code(o.run(ctx), command.UsualName, r.stderr) }()
	return r
}

// happened is an event about an object of a namespace.
func happened(namespace, kind, about, message string, count int64, at time.Time) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"name": about + ".new", "namespace": namespace},
		"involvedObject": map[string]any{"kind": kind, "namespace": namespace, "name": about},
		"type":           "Warning", "reason": "Happened", "message": message, "count": count,
		"firstTimestamp": at.Format(time.RFC3339), "lastTimestamp": at.Format(time.RFC3339),
	}}
}

// TestWatch prints the known events, then each new and each repeated one once, also after lost
// connections and an expired history, and none of another tenant.
func TestWatch(t *testing.T) {
	for _, watchable := range []bool{true, false} {
		t.Run(fmt.Sprintf("watchable %v", watchable), func(t *testing.T) {
			t.Parallel()
			api, _ := fakeapi.ExampleServer(t, "failing", fakeapi.KeepAll)
			api.SetClock(nil)
			if !watchable {
				api.DenyWatch("events")
			}
			now := fakeapi.Example(t, "failing").Meta().At
			r := start(t, api.URL, "")
			r.stdout.WaitFor(t, "LAST SEEN")
			known := r.stdout.String()
			api.WaitFor("/namespaces/flux-system/events$", 2)
			api.Put(happened("mhr-orthweb", "Pod", "orthanc-1", "of another tenant", 1, now))
			api.Put(happened("bhs-orthweb", "Pod", "orthanc-1", "the first", 1, now))
			r.stdout.WaitFor(t, "the first")
			if watchable {
				api.Compact()
				api.EndWatches(true)
			}
			api.Put(happened("flux-system", "Pod", "other-1", "of Flux itself", 1, now))
			api.Put(happened("bhs-orthweb", "Pod", "orthanc-1", "the second", 7, now))
			r.stdout.WaitFor(t, "the second")
			if !watchable {
				r.stderr.WaitFor(t, "Events can't be watched (permission to watch events is missing): they are read every 20ms.\n")
			}
			r.interrupt()
			if code := <-r.code; code != int(command.Interrupted) {
				t.Errorf("exit status %d: %s", code, r.stderr)
			}
			text := strings.TrimPrefix(r.stdout.String(), known)
			if strings.Count(text, "the first") != 1 || strings.Count(text, "the second") != 1 || strings.Count(text, "\n") != 2 || !strings.Contains(text, "(x7 over ") {
				t.Errorf("printed:\n%s", text)
			}
		})
	}
}

// TestWatchSeries prints each event in a format for scripts.
func TestWatchSeries(t *testing.T) {
	for format, want := range map[string]string{
		"name": "event/orthanc-1.new\n", "custom-columns=NAME:.metadata.name": "orthanc-1.new\n",
		"yaml": "  name: orthanc-1.new\n", "json": "\"name\": \"orthanc-1.new\"",
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
			r := start(t, api.URL, format)
			api.WaitFor("/namespaces/flux-system/events$", 2)
			api.Put(happened("bhs-orthweb", "Pod", "orthanc-1", "m", 1, fakeapi.Example(t, "healthy").Meta().At))
			r.stdout.WaitFor(t, want)
			r.interrupt()
			<-r.code
			if text := r.stdout.String(); strings.Count(text, want) != 1 || strings.Count(text, "NAME") > 1 || strings.Contains(text, "kind: List") {
				t.Errorf("printed: %s", text)
			}
			if text := r.stdout.String(); format == "yaml" && strings.Count(text, "\nkind: Event\n") != strings.Count(text, "---\n")+1 {
				t.Error("the documents are not separated")
			}
		})
	}
}

// TestWatchIsLost says once that the connection is lost, and continues.
func TestWatchIsLost(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	r := start(t, api.URL, "")
	api.WaitFor("/namespaces/flux-system/events$", 2)
	api.Fail("/events$", fakeapi.Status(500, "InternalError", "etcd has no leader"))
	api.EndWatches(true)
	r.stderr.WaitFor(t, "; retrying\n")
	api.Recover()
	r.stderr.WaitFor(t, "The API server answers again.\n")
	api.Put(happened("bhs-orthweb", "Pod", "orthanc-1", "after all", 1, fakeapi.Example(t, "healthy").Meta().At))
	r.stdout.WaitFor(t, "after all")
	r.interrupt()
	<-r.code
	if n := strings.Count(r.stderr.String(), "; retrying\n"); n != 1 {
		t.Errorf("%d times: %s", n, r.stderr)
	}
}

// TestWatchFindsNewObjects prints events about a chart of a release that was created after the
// start, also if its namespace was not watched.
func TestWatchFindsNewObjects(t *testing.T) {
	for _, namespace := range []string{"bhs-orthweb", "releases"} {
		t.Run(namespace, func(t *testing.T) {
			t.Parallel()
			api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
			now := fakeapi.Example(t, "healthy").Meta().At
			r := start(t, api.URL, "")
			api.WaitFor("/namespaces/flux-system/events$", 2)
			api.Put(&unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": map[string]any{"name": "viewer", "namespace": namespace},
				"spec": map[string]any{"targetNamespace": "bhs-orthweb", "chart": map[string]any{"spec": map[string]any{"sourceRef": map[string]any{"kind": "HelmRepository", "name": "bitnami", "namespace": "flux-system"}}}},
			}})
			chart := happened("flux-system", "HelmChart", namespace+"-viewer", "of the new chart", 1, now)
			chart.Object["involvedObject"].(map[string]any)["apiVersion"] = "source.toolkit.fluxcd.io/v1"
			api.Put(chart, happened("flux-system", "Pod", "other", "of another", 1, now))
			r.stdout.WaitFor(t, "of the new chart")
			if namespace == "releases" {
				api.WaitFor("/namespaces/releases/events$", 1)
				release := happened(namespace, "HelmRelease", "viewer", "of the new release", 1, now)
				release.Object["involvedObject"].(map[string]any)["apiVersion"] = "helm.toolkit.fluxcd.io/v2"
				api.Put(release)
				r.stdout.WaitFor(t, "of the new release")
			}
			r.interrupt()
			<-r.code
			if text := r.stdout.String(); strings.Count(text, "of the new chart") != 1 || strings.Contains(text, "of another") {
				t.Errorf("printed: %s", text)
			}
		})
	}
}
