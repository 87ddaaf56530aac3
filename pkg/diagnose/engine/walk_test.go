package engine

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// graphKind is the kind of the objects of these tests: an object blames those in its spec, and
// is broken if its spec has that value.
var graphKind = schema.GroupKind{Group: "test", Kind: "Part"}

func graphRef(name string) object.Ref {
	return object.Ref{APIVersion: "test/v1", Kind: graphKind.Kind, Namespace: "x", Name: name}
}

// explainPart is the explainer of graphKind.
func explainPart(x *Context, obj *unstructured.Unstructured, failing bool) Result {
	ref := object.RefOf(obj)
	e := Result{Verdict: health.Verdict{Ref: ref, Status: health.Progressing}}
	blames, _, _ := unstructured.NestedStringSlice(obj.Object, "spec", "blamedRefs")
	for _, name := range blames {
		e.Blame = append(e.Blame, graphRef(name))
	}
	examines, _, _ := unstructured.NestedStringSlice(obj.Object, "spec", "examinedRefs")
	for _, name := range examines {
		if below := x.Examine(graphRef(name), failing); len(below.Findings) > 0 {
			e.Blame = AddRef(e.Blame, graphRef(name))
		}
	}
	if broken, _, _ := unstructured.NestedBool(obj.Object, "spec", "broken"); broken {
		e.Verdict.Status = health.Failing
		e.Findings = []finding.Finding{{Code: "T1", Ref: ref, Message: ref.Name + " is broken"}}
	}
	return e
}

// graph is a walk over parts written as "a: b c", "*a" for a broken one, "a: ?b" for one that
// examines b first.
func graph(parts ...string) *Walk {
	b := snapshot.NewBuilder()
	requested := snapshot.Request{Group: "test", Version: "v1", Kind: graphKind.Kind, Resource: "parts"}
	b.Add(requested)
	for _, part := range parts {
		name, to, _ := strings.Cut(part, ":")
		name, broken := strings.CutPrefix(name, "*")
		var blames, examines []any
		for _, other := range strings.Fields(to) {
			if examined, ok := strings.CutPrefix(other, "?"); ok {
				examines = append(examines, examined)
			} else {
				blames = append(blames, other)
			}
		}
		b.Add(requested, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "test/v1", "kind": graphKind.Kind, "metadata": map[string]any{"namespace": "x", "name": name},
			"spec": map[string]any{"blamedRefs": blames, "examinedRefs": examines, "broken": broken},
		}})
	}
	return NewWalk(New(b.Build(snapshot.Meta{}), nil, Registry{ByKind: map[schema.GroupKind]Explainer{graphKind: explainPart}}))
}

// ways are the causes with their paths: "a>b: b is broken".
func ways(out Outcome) []string {
	var all []string
	for _, c := range out.Causes {
		var path []string
		for _, step := range c.Path {
			path = append(path, step.Ref.Name)
		}
		all = append(all, strings.Join(path, ">")+": "+c.Message)
	}
	return all
}

// TestWalk finds the causes in graphs of objects that blame each other.
func TestWalk(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts []string
		from  string
		want  []string
	}{
		{"a cause of its own", []string{"*a"}, "a", []string{"a: a is broken"}},
		{"what follows from something deeper is dropped", []string{"*a: b", "*b"}, "a", []string{"a>b: b is broken"}},
		{"two independent causes", []string{"a: b c", "*b", "*c"}, "a", []string{"a>b: b is broken", "a>c: c is broken"}},
		{"by two ways", []string{"a: b c", "b: d", "c: d", "*d"}, "a", []string{"a>b>d: d is broken"}},
		{"a circle in which one is broken", []string{"a: b", "*b: a"}, "a", []string{"a>b: b is broken"}},
		{"the same circle from the other side", []string{"a: b", "*b: a"}, "b", []string{"b: b is broken"}},
		{"a circle and what is below it", []string{"a: b", "*b: a c", "*c"}, "a", []string{"a>b>c: c is broken"}},
		{"a circle that is only entered", []string{"a: b", "b: c", "c: b d", "*d"}, "a", []string{"a>b>c>d: d is broken"}},
		{"itself", []string{"*a: a"}, "a", []string{"a: a is broken"}},
		{"nothing", []string{"a: b", "b: a"}, "a", nil},
	} {
		if got := ways(graph(c.parts...).From(graphRef(c.from), false)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestWalkHasNoOrder builds random graphs and explains all their objects in several orders: the
// result for an object must not depend on the order, or on whether it is explained alone.
func TestWalkHasNoOrder(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 5))
		names := []string{"a", "b", "c", "d", "e", "f"}
		var parts []string
		for _, name := range names {
			part := name + ":"
			if random.IntN(3) == 0 {
				part = "*" + part
			}
			for _, other := range names {
				switch random.IntN(8) {
				case 0, 1:
					part += " " + other
				case 2:
					part += " ?" + other
				}
			}
			parts = append(parts, part)
		}
		alone := map[string][]string{}
		for _, name := range names {
			alone[name] = ways(graph(parts...).From(graphRef(name), false))
		}
		for range 4 {
			random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
			w := graph(parts...)
			for _, name := range names {
				if got := ways(w.From(graphRef(name), false)); !slices.Equal(got, alone[name]) {
					t.Fatalf("%q, asked in the order %v: %s gives %q, alone %q", parts, names, name, got, alone[name])
				}
			}
		}
	}
}
