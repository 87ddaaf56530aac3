package diagnose

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// pkiAsked are the kinds that are requested from the clusters in testdata/pki.
var pkiAsked = slices.Concat(meshAsked, []schema.GroupKind{
	object.ReplicaSetKind, object.JobKind, object.LeaseKind, object.GitRepositoryKind,
	object.OrderKind, object.ChallengeKind, object.IngressKind, object.IngressClassKind, object.NetworkPolicyKind,
	object.LimitRangeKind, object.PriorityClassKind, object.PolicyKind, object.BindingKind, object.RequestPolicyKind,
})

// pkiScenario is a small cluster, and the causes that a walk from its first
// object finds.
type pkiScenario struct {
	Name      string           `json:"name"`
	Objects   []map[string]any `json:"objects"`
	Forbidden []string         `json:"forbidden"`
	Failing   bool             `json:"failing"`
	// Message and Event put a message on the first object: the Ready field.Condition,
	// or a Warning with the reason.
	Message string `json:"message"`
	Event   string `json:"event"`
	// Causes are written as "code, object reason".
	Causes []string `json:"causes"`
	// Fixes are parts of the fixes of the first cause, texts and commands, in their order; no
	// fix of any cause may contain Never.
	Fixes []string `json:"fixes"`
	Never []string `json:"never"`
	// Proofs are among the evidence of the first cause, as "object field = value".
	Proofs  []string `json:"proofs"`
	Unknown []string `json:"unknown"`
}

func pkiScenarios(t testing.TB, file string) []pkiScenario {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []pkiScenario
	if err := yaml.UnmarshalStrict(text, &all); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	all = nil
	if err := kjson.Unmarshal(asJSON, &all); err != nil { // keeps integers
		t.Fatal(err)
	}
	return all
}

// TestPKI walks from the first object of each scenario.
func TestPKI(t *testing.T) {
	files, err := filepath.Glob("testdata/pki/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		for _, s := range pkiScenarios(t, file) {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml")+"/"+s.Name, func(t *testing.T) { s.test(t) })
		}
	}
}

// objects are the scenario's objects; the first has the message.
func (s pkiScenario) objects() []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, object := range s.Objects {
		all = append(all, (&unstructured.Unstructured{Object: object}).DeepCopy())
	}
	if s.Message == "" {
		return all
	}
	first := object.RefOf(all[0])
	if s.Event != "" {
		return append(all, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": s.Event, "message": s.Message,
			"metadata":       map[string]any{"name": first.Name + ".1", "namespace": first.Namespace},
			"involvedObject": map[string]any{"apiVersion": first.APIVersion, "kind": first.Kind, "namespace": first.Namespace, "name": first.Name},
			"firstTimestamp": "2026-03-01T11:00:00Z", "lastTimestamp": "2026-03-01T11:59:30Z",
		}})
	}
	all[0].Object["status"] = map[string]any{"conditions": []any{map[string]any{
		"type": "Ready", "status": "False", "reason": "ReconciliationFailed", "message": s.Message, "lastTransitionTime": "2026-03-01T11:00:00Z",
	}}}
	return all
}

func (s pkiScenario) snapshot() *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, gk := range pkiAsked {
		question := snapshot.Request{Group: gk.Group, Version: "v1", Kind: gk.Kind, Resource: object.PluralOf(gk.Kind)}
		if slices.Contains(s.Forbidden, gk.Kind) {
			question.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: question.Resource}
			builder.Add(question)
			continue
		}
		var objects []*unstructured.Unstructured
		for _, obj := range s.objects() {
			if object.RefOf(obj).GroupKind() == gk {
				objects = append(objects, obj)
			}
		}
		builder.Add(question, objects...)
	}
	return builder.Build(snapshot.Meta{At: noon})
}

func (s pkiScenario) test(t *testing.T) {
	snap := s.snapshot()
	x := newContext(snap, tenant.Discover(snap))
	out := engine.NewWalk(x).From(object.RefOf(s.objects()[0]), s.Failing)
	var causes []finding.Finding
	for _, c := range out.Causes {
		causes = append(causes, c.Finding)
	}
	compare(t, "causes", written(causes), s.Causes)
	compareMessages(t, causes)
	var unknown []string
	for _, why := range out.Unknown {
		unknown = append(unknown, why.Resource)
	}
	compare(t, "unknown", unknown, s.Unknown)
	for i, f := range causes {
		sound(t, f)
		readBack(t, snap, f)
		for _, fix := range f.Fixes {
			for _, never := range s.Never {
				if strings.Contains(fix.Text+" "+fix.Command, never) {
					t.Errorf("advises %q: %s %s", never, fix.Text, fix.Command)
				}
			}
		}
		if i == 0 {
			s.first(t, f)
		}
	}
}

func (s pkiScenario) first(t *testing.T, f finding.Finding) {
	among(t, "evidence", proofs(f), s.Proofs)
	at := 0
	for _, want := range s.Fixes {
		for at < len(f.Fixes) && !strings.Contains(f.Fixes[at].Text+"\n"+f.Fixes[at].Command, want) {
			at++
		}
		if at == len(f.Fixes) {
			t.Errorf("no fix %q, or not in this order, in %+v", want, f.Fixes)
			return
		}
	}
}

// readBack checks that each piece of evidence is in the snapshot, and only once.
func readBack(t *testing.T, snap *snapshot.Snapshot, f finding.Finding) {
	t.Helper()
	for _, wrong := range wrongEvidence(newContext(snap, nil), f) {
		t.Error(wrong)
	}
}

// TestEvidenceOfTheFamily verifies the evidence of every finding on certificates, admission and
// controllers, in the recorded faults and in the small clusters.
func TestEvidenceOfTheFamily(t *testing.T) {
	ours := func(f finding.Finding) bool {
		return strings.HasPrefix(string(f.Code), "OW6") || strings.HasPrefix(string(f.Code), "OW82") || f.Code == engine.CodeControllerSilent || f.Code == engine.CodeKindMissing || f.Code == engine.CodeVersionGone
	}
	for _, c := range faultCases(t) {
		for _, subject := range all(c.snap).Subjects {
			for _, cause := range subject.Causes {
				if ours(cause.Finding) {
					readBack(t, c.snap, cause.Finding)
				}
			}
		}
	}
	for _, file := range []string{"certificate", "certificaterequest", "issuer", "webhook", "apiservice"} {
		for _, s := range meshScenarios(t, "testdata/mesh/"+file+".yaml") {
			snap := s.snapshot()
			e := newContext(snap, nil).Examine(object.RefOf(&unstructured.Unstructured{Object: s.Objects[0]}), s.Failing)
			for _, f := range append(e.Findings, e.Fallback...) {
				if ours(f) {
					t.Run(file+"/"+s.Name, func(t *testing.T) { readBack(t, snap, f) })
				}
			}
		}
	}
}

// FuzzPKI inserts odd values into the objects of the scenarios: a walk must end without a
// panic, and give the same result twice.
func FuzzPKI(f *testing.F) {
	files, err := filepath.Glob("testdata/pki/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no scenarios: %v", err)
	}
	var scenarios []pkiScenario
	for _, file := range files {
		scenarios = append(scenarios, pkiScenarios(f, file)...)
	}
	for i := range scenarios {
		f.Add(i, uint64(7))
		f.Add(i, uint64(8))
	}
	f.Fuzz(func(t *testing.T, i int, seed uint64) {
		s := scenarios[((i%len(scenarios))+len(scenarios))%len(scenarios)]
		random := rand.New(rand.NewPCG(seed, 3))
		objects := s.Objects
		s.Objects = nil
		for _, object := range objects {
			object = (&unstructured.Unstructured{Object: object}).DeepCopy().Object
			for key := range object {
				if key != "apiVersion" && key != "kind" {
					object[key] = disturb(random, object[key])
				}
			}
			s.Objects = append(s.Objects, object)
		}
		if first, second := s.examineAll(), s.examineAll(); first != second {
			t.Errorf("differs:\n%s\n%s", first, second)
		}
	})
}

// namespacesOf are the namespaces of a snapshot's objects.
func namespacesOf(snap *snapshot.Snapshot) []string {
	var all []string
	for _, requested := range snap.Requests() {
		for _, obj := range snap.List(requested.GroupKind(), "").Objects {
			all = append(all, obj.GetNamespace())
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// examineAll walks from every object of the scenario.
func (s pkiScenario) examineAll() string {
	snap := s.snapshot()
	x := newContext(snap, tenant.Discover(snap))
	w, text := engine.NewWalk(x), ""
	for _, kind := range pkiAsked {
		for _, obj := range snap.List(kind, "").Objects {
			for _, failing := range []bool{false, true} {
				for _, c := range w.From(object.RefOf(obj), failing).Causes {
					text += object.RefOf(obj).String() + ": " + c.Message + "\n"
				}
			}
		}
	}
	return text + fmt.Sprint(flux.ControllersOf(x, tenant.Tenant{Namespaces: namespacesOf(snap)}))
}
