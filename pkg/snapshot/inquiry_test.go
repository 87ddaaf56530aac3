package snapshot

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

var (
	testPods    = schema.GroupKind{Kind: "Pod"}
	testSecrets = schema.GroupKind{Kind: "Secret"}
	testNodes   = schema.GroupKind{Kind: "Node"}
)

func pod(namespace, name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"namespace": namespace, "name": name},
	}}
}

// TestInquiry queries snapshots that contain the answer, a part of it, a failure or nothing,
// and compares the resulting requests.
func TestInquiry(t *testing.T) {
	forbidden := &Failure{Reason: Forbidden, Verb: "list", Resource: "pods"}
	notServed := &Failure{Reason: NotServed, Verb: "list", Resource: "pods"}
	podNamed := func(s *Snapshot) { s.Lookup(object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "a", Name: "x"}) }
	all := func(s *Snapshot) { s.List(testPods, "") }
	for _, c := range []struct {
		name      string
		scope     []string
		requested []Request
		pods      []*unstructured.Unstructured
		look      func(*Snapshot)
		want      []Query
	}{
		{"a kind that nobody requested", nil, nil, nil, podNamed, []Query{{GroupKind: testPods, Namespace: "a"}}},
		{"a Secret, without Helm's records", nil, nil, nil,
			func(s *Snapshot) { s.List(testSecrets, "a") }, []Query{{GroupKind: testSecrets, Namespace: "a", FieldSelector: WithoutHelmRecords}}},
		{"Helm's records, their metadata alone", nil, []Request{{Kind: "Secret", FieldSelector: WithoutHelmRecords}}, nil,
			func(s *Snapshot) { s.HelmRecords("a") }, []Query{{GroupKind: testSecrets, Namespace: "a", FieldSelector: HelmRecords, Metadata: true}}},
		{"a whole list has no more", nil, []Request{{Kind: "Pod"}}, nil, podNamed, nil},
		{"another namespace", nil, []Request{{Kind: "Pod", Namespace: "b"}}, nil, podNamed, []Query{{GroupKind: testPods, Namespace: "a"}}},
		{"a list with a selector is partial", nil, []Request{{Kind: "Pod", FieldSelector: "status.phase=Pending"}}, nil, podNamed, []Query{{GroupKind: testPods, Namespace: "a"}}},
		{"what is there is enough", nil, []Request{{Kind: "Pod", FieldSelector: "status.phase=Pending"}}, []*unstructured.Unstructured{pod("a", "x")}, podNamed, nil},
		{"refused for all namespaces, perhaps not for one", nil, []Request{{Kind: "Pod", Failure: forbidden}}, nil, podNamed, []Query{{GroupKind: testPods, Namespace: "a"}}},
		{"refused for that namespace", nil, []Request{{Kind: "Pod", Failure: forbidden}, {Kind: "Pod", Namespace: "a", Failure: forbidden}}, nil, podNamed, nil},
		{"not served anywhere", nil, []Request{{Kind: "Pod", Failure: notServed}}, nil, podNamed, nil},
		{"all namespaces", nil, []Request{{Kind: "Pod", Namespace: "a"}}, nil, all, []Query{{GroupKind: testPods}}},
		{"all namespaces of the scope", []string{"a", "b"}, []Request{{Kind: "Pod", Namespace: "a"}}, nil, all, []Query{{GroupKind: testPods, Namespace: "b"}}},
		{"a scope of which all is read", []string{"a", "b"}, []Request{{Kind: "Pod"}}, nil, all, nil},
		{"everywhere, beyond the scope", []string{"a"}, []Request{{Kind: "Pod", Namespace: "a"}}, nil,
			func(s *Snapshot) { s.Everywhere(testPods) }, []Query{{GroupKind: testPods}}},
		{"hints request nothing", nil, nil, nil, func(s *Snapshot) { s.Known().List(testNodes, "") }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := NewBuilder()
			for _, requested := range c.requested {
				b.Add(requested, c.pods...)
			}
			inquiry := NewInquiry(c.scope)
			c.look(b.Build(Meta{}).Recording(inquiry))
			if got := inquiry.Open(); !slices.Equal(got, c.want) {
				t.Errorf("to be requested: %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestPartial checks that the absence of an object is unknown if its list has a selector, or
// covers only some namespaces.
func TestPartial(t *testing.T) {
	for _, c := range []struct {
		name      string
		requested []Request
		namespace string
		want      bool
	}{
		{"whole", []Request{{Kind: "Pod"}}, "", false},
		{"whole, one namespace of it", []Request{{Kind: "Pod"}}, "a", false},
		{"with a selector", []Request{{Kind: "Pod", FieldSelector: "status.phase=Pending"}}, "", true},
		{"with a selector, and whole", []Request{{Kind: "Pod", FieldSelector: "status.phase=Pending"}, {Kind: "Pod"}}, "", false},
		{"one namespace", []Request{{Kind: "Pod", Namespace: "a"}}, "a", false},
		{"one namespace of all", []Request{{Kind: "Pod", Namespace: "a"}}, "", true},
		{"nothing", nil, "", true},
		{"refused", []Request{{Kind: "Pod", Failure: &Failure{Reason: Forbidden}}}, "", true},
	} {
		b := NewBuilder()
		for _, requested := range c.requested {
			b.Add(requested)
		}
		if got := b.Build(Meta{}).List(testPods, c.namespace).Partial; got != c.want {
			t.Errorf("%s: partial is %v, want %v", c.name, got, c.want)
		}
	}
}

// TestAnAnswerReplacesAFailure checks that a list that failed and then succeeded is known.
func TestAnAnswerReplacesAFailure(t *testing.T) {
	failed, answered := Request{Kind: "Pod", Failure: &Failure{Reason: Failed, Message: "timeout"}}, Request{Kind: "Pod"}
	for name, order := range map[string][]Request{"failed first": {failed, answered}, "answered first": {answered, failed}} {
		earlier, later := NewBuilder(), NewBuilder()
		earlier.Add(order[0])
		later.Add(order[1])
		if got := Join(earlier.Build(Meta{}), later.Build(Meta{})).List(testPods, ""); len(got.Unknown) > 0 || got.Partial {
			t.Errorf("%s: %+v, want it known", name, got)
		}
	}
}
