package diagnose

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// ingressFault is the recorded healthy cluster with some objects changed or added, and
// the expected result of a walk from the ingress path of each tenant: the causes, and the
// first fix of each if given.
type ingressFault struct {
	Name      string              `json:"name"`
	Change    []map[string]any    `json:"change"`
	Forbidden []string            `json:"forbidden"`
	Causes    map[string][]string `json:"causes"`
	Fixes     map[string][]string `json:"fixes"`
	Unknown   map[string][]string `json:"unknown"`
}

func ingressFaults(t *testing.T) []ingressFault {
	t.Helper()
	files, err := filepath.Glob("testdata/ingress/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no faults: %v", err)
	}
	var all []ingressFault
	for _, file := range files {
		all = append(all, ingressFaultsIn(t, file)...)
	}
	return all
}

func ingressFaultsIn(t *testing.T, file string) []ingressFault {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []ingressFault
	if err := yaml.UnmarshalStrict(text, &all); err != nil { // for misspelt keys
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	all = nil
	if err := json.Unmarshal(asJSON, &all); err != nil { // keeps integers
		t.Fatal(err)
	}
	return all
}

// changed returns a copy of the snapshot with the fault.
func (f ingressFault) changed(snap *snapshot.Snapshot) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, requested := range snap.Requests() {
		if slices.Contains(f.Forbidden, requested.Kind) {
			requested.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: requested.Resource}
			builder.Add(requested)
			continue
		}
		var objects []*unstructured.Unstructured
		for _, obj := range snap.List(requested.GroupKind(), "").Objects {
			objects = append(objects, obj.DeepCopy())
		}
		for _, change := range f.Change {
			patch := (&unstructured.Unstructured{Object: change}).DeepCopy()
			if object.RefOf(patch).GroupKind() != requested.GroupKind() {
				continue
			}
			i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return object.RefOf(o).Same(object.RefOf(patch)) })
			if i < 0 {
				objects = append(objects, patch)
				continue
			}
			merge(objects[i].Object, patch.Object)
		}
		builder.Add(requested, objects...)
	}
	return builder.Build(snap.Meta())
}

// merge applies a patch to an object; lists and selectors are replaced.
func merge(into, patch map[string]any) {
	for key, value := range patch {
		below, isMap := value.(map[string]any)
		old, wasMap := into[key].(map[string]any)
		if isMap && wasMap && key != "selector" {
			merge(old, below)
			continue
		}
		into[key] = value
	}
}

// TestIngressFaults changes the recorded healthy cluster.
func TestIngressFaults(t *testing.T) {
	healthy := readCase(t, "testdata/F30-healthy.txtar").snap
	for _, f := range ingressFaults(t) {
		t.Run(f.Name, func(t *testing.T) {
			snap := f.changed(healthy)
			tenants := tenant.Discover(snap)
			x := newContext(snap, tenants)
			w := engine.NewWalk(x)
			var findings []finding.Finding
			for _, of := range tenants {
				var out engine.Outcome
				for _, ref := range coverage(x, of) {
					below := w.From(ref, false)
					out.Causes = append(out.Causes, below.Causes...)
					out.Unknown = append(out.Unknown, below.Unknown...)
				}
				var causes, fixes, unknown []string
				for _, c := range engine.Distinct(out.Causes) {
					causes = append(causes, fmt.Sprintf("%s %s %s", c.Code, c.Ref, c.Reason))
					fixes = append(fixes, c.Fixes[0].Text)
					findings = append(findings, c.Finding)
					readBack(t, snap, c.Finding)
					t.Logf("%s\n  fix: %s (%s)", c.Message, c.Fixes[0].Text, c.Fixes[0].Command)
				}
				for _, why := range engine.Union(nil, out.Unknown) {
					unknown = append(unknown, why.Resource)
				}
				compare(t, of.Name, causes, f.Causes[of.Name])
				if want := f.Fixes[of.Name]; want != nil {
					compare(t, of.Name+" fixes", fixes, want)
				}
				compare(t, of.Name+" unknown", unknown, f.Unknown[of.Name])
			}
			compareMessages(t, findings)
		})
	}
}
