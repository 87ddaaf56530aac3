package diagnose

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// graphKind is the kind of these tests: an object blames those in its spec, and is broken
// itself if its spec says so.
var graphKind = schema.GroupKind{Group: "test", Kind: "Part"}

func graphRef(name string) object.Ref {
	return object.Ref{APIVersion: "test/v1", Kind: graphKind.Kind, Namespace: "x", Name: name}
}

func explainPart(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	ref := object.RefOf(obj)
	e := engine.Result{Verdict: health.Verdict{Ref: ref, Status: health.Progressing}}
	blames, _, _ := unstructured.NestedStringSlice(obj.Object, "spec", "blamedRefs")
	for _, name := range blames {
		e.Blame = append(e.Blame, graphRef(name))
	}
	examines, _, _ := unstructured.NestedStringSlice(obj.Object, "spec", "examinedRefs")
	for _, name := range examines {
		if below := x.Examine(graphRef(name), failing); len(below.Findings) > 0 {
			e.Blame = engine.AddRef(e.Blame, graphRef(name))
		}
	}
	if broken, _, _ := unstructured.NestedBool(obj.Object, "spec", "broken"); broken {
		e.Verdict.Status = health.Failing
		e.Findings = []finding.Finding{{Code: "T1", Ref: ref, Message: ref.Name + " is broken"}}
	}
	return e
}

// graph is a walk over parts written as "a: b c", "*a" for one that is broken,
// "a: ?b" for one that examines b first.
func graph(parts ...string) *engine.Walk {
	b := snapshot.NewBuilder()
	asked := snapshot.Asked{Group: "test", Version: "v1", Kind: graphKind.Kind, Resource: "parts"}
	b.Add(asked)
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
		b.Add(asked, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "test/v1", "kind": graphKind.Kind, "metadata": map[string]any{"namespace": "x", "name": name},
			"spec": map[string]any{"blamedRefs": blames, "examinedRefs": examines, "broken": broken},
		}})
	}
	x := newExaminer(b.Build(snapshot.Meta{}), nil)
	x.Registry.ByKind = map[schema.GroupKind]engine.Explainer{graphKind: explainPart}
	return engine.NewWalk(x)
}

// ways are the causes with their paths: "a>b: b is broken".
func ways(out engine.Outcome) []string {
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
		compare(t, c.name, ways(graph(c.parts...).From(graphRef(c.from), false)), c.want)
	}
}

// TestWalkHasNoOrder builds random graphs and asks for all their objects in
// several orders: each object's answer is always the same, and the one that it
// gives when it is asked alone.
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

// TestTenantsHaveNoOrder explains the tenants of every recorded fault in both
// orders, and each alone.
func TestTenantsHaveNoOrder(t *testing.T) {
	for _, c := range faultCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tenants := tenant.Discover(c.snap)
			bySubject := func(e Explanation) map[string]string {
				told := map[string]string{}
				for _, s := range e.Subjects {
					for i := range s.Causes { // what they block is over all subjects
						s.Causes[i].Layers, s.Causes[i].Tenants = nil, nil
					}
					told[s.Tenant] = fmt.Sprintf("%+v", s)
				}
				return told
			}
			want := bySubject(Tenants(c.snap, tenants, tenants))
			reversed := slices.Clone(tenants)
			slices.Reverse(reversed)
			orders := [][]tenant.Tenant{reversed}
			for _, alone := range tenants {
				orders = append(orders, []tenant.Tenant{alone})
			}
			for _, order := range orders {
				for name, got := range bySubject(Tenants(c.snap, tenants, order)) {
					if got != want[name] {
						t.Errorf("%s is told otherwise in another order:\n%s\nwant\n%s", name, got, want[name])
					}
				}
			}
		})
	}
}
