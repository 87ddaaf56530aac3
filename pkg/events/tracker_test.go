package events

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// state is a snapshot of events, each as NAMESPACE/NAME@VERSION; namespaces that end in ! could
// not be read.
func state(texts ...string) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, text := range texts {
		if namespace, ok := strings.CutSuffix(text, "!"); ok {
			builder.Add(snapshot.Request{Version: "v1", Kind: "Event", Resource: "events", Namespace: namespace, Failure: &snapshot.Failure{Reason: snapshot.Forbidden}})
			continue
		}
		namespace, rest, _ := strings.Cut(text, "/")
		name, version, _ := strings.Cut(rest, "@")
		obj := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"namespace": namespace, "name": name, "resourceVersion": version},
			"involvedObject": map[string]any{"kind": "Pod", "namespace": namespace, "name": name},
		}}
		builder.Add(snapshot.Request{Version: "v1", Kind: "Event", Resource: "events", Namespace: namespace}, obj)
	}
	return builder.Build(snapshot.Meta{})
}

// TestTracker returns each version of an event once.
func TestTracker(t *testing.T) {
	narrow := Scope{namespaces: map[string]bool{"one": true}}
	wide := Scope{namespaces: map[string]bool{"one": true}, objects: map[object.Key]bool{{GroupKind: object.PodKind, Namespace: "two", Name: "x"}: true}}
	var tracker Tracker
	for i, step := range []struct {
		snap  *snapshot.Snapshot
		scope Scope
		want  string
		aside bool
	}{
		{state("one/a@1", "one/b@1"), narrow, "a b", false},
		{state("one/a@1", "one/b@1"), narrow, "", false},
		{state("one/a@2", "one/b@1"), narrow, "a", false},
		{state("one/a@2"), narrow, "", false},             // b has expired
		{state("one/a@2", "one/b@1"), narrow, "b", false}, // and is another one
		{state("one!"), narrow, "", false},
		{state("one/a@2", "one/b@1"), narrow, "", false}, // not read for a while
		{state("one/a@2", "one/b@1", "two/x@1", "two/y@1"), narrow, "", true},
		{state("one/a@2", "one/b@1", "two/x@1", "two/y@1"), narrow, "", true},
		{state("one/a@2", "one/b@1", "two/x@1", "two/y@1"), wide, "x", true},
		{state("one/a@2", "one/b@1", "two/x@1", "two/y@2"), wide, "", true},
		{state("one/a@2", "one/b@1", "two/x@2"), wide, "x", false},
	} {
		var names []string
		for _, e := range tracker.New(step.snap, step.scope, Filter{}) {
			names = append(names, e.Object.GetName())
		}
		if got := strings.Join(names, " "); got != step.want || tracker.Aside() != step.aside {
			t.Errorf("step %d: %q, aside %v", i, got, tracker.Aside())
		}
	}
	tracker.New(state("two/z@1"), wide, Filter{})
	tracker.Dismiss()
	if tracker.Aside() || len(tracker.New(state("two/z@1"), Scope{namespaces: map[string]bool{"two": true}}, Filter{})) > 0 {
		t.Error("a dismissed event was returned")
	}
}
