package diff

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var update = flag.Bool("update", false, "update the golden parts")

// testCase is a file of testdata: a tree, the objects of a cluster, and the report. The comment
// has the tenants. The file "failures" has lines "Kind/namespace/name CODE REASON MESSAGE".
type testCase struct {
	files    map[string][]byte
	live     []*unstructured.Unstructured
	failures map[string]Failure
	tenants  []string
	variable map[string]string // of the live Secret "variables"
}

func readCase(t *testing.T, archive *txtar.Archive) testCase {
	t.Helper()
	c := testCase{files: map[string][]byte{}, failures: map[string]Failure{}}
	for line := range strings.Lines(string(archive.Comment)) {
		if names, ok := strings.CutPrefix(line, "tenants: "); ok {
			c.tenants = strings.Fields(names)
		}
	}
	for _, f := range archive.Files {
		switch name := f.Name; {
		case name == "live.yaml":
			for _, text := range bytes.Split(f.Data, []byte("---\n")) {
				obj := map[string]any{}
				if err := yaml.Unmarshal(text, &obj); err != nil {
					t.Fatal(err)
				}
				documents, err := tree.Parse("live.yaml", text)
				if err != nil || len(documents) != 1 {
					t.Fatal(err, string(text))
				}
				c.live = append(c.live, &unstructured.Unstructured{Object: documents[0].Object})
			}
		case name == "failures":
			for line := range strings.Lines(string(f.Data)) {
				parts := strings.SplitN(strings.TrimSpace(line), " ", 4)
				failure := Failure{Reason: parts[2], Message: parts[3], NotServed: parts[2] == "NotServed"}
				_, _ = fmt.Sscan(parts[1], &failure.Code)
				c.failures[parts[0]] = failure
			}
		case name == "secret.yaml":
			if err := yaml.Unmarshal(f.Data, &c.variable); err != nil {
				t.Fatal(err)
			}
		case strings.HasPrefix(name, "tree/"):
			c.files[strings.TrimPrefix(name, "tree/")] = f.Data
		}
	}
	return c
}

// clusterScoped are the kinds of the cases that have no namespaces.
var clusterScoped = map[string]bool{"Namespace": true, "CustomResourceDefinition": true, "ClusterRole": true}

func scope(gk schema.GroupKind) (namespaced, known bool) {
	return !clusterScoped[gk.Kind], gk.Group != "example.com"
}

// report compares a case. The API server of a case stores a field as it is sent, and keeps those
// that are not.
func (c testCase) report(t *testing.T) *Report {
	t.Helper()
	byKind := map[schema.GroupKind][]*unstructured.Unstructured{}
	for _, obj := range c.live {
		gk := obj.GroupVersionKind().GroupKind()
		byKind[gk] = append(byKind[gk], obj.DeepCopy())
	}
	b := snapshot.NewBuilder()
	for _, gk := range tenantKinds {
		b.Add(snapshot.Request{Group: gk.Group, Kind: gk.Kind}, byKind[gk]...)
	}
	live := b.Build(snapshot.Meta{})
	choose := func(origin object.Ref) *cluster.Cluster {
		clusters, err := cluster.DiscoverWith(context.Background(), tree.New(c.files), cluster.Options{Origin: origin, Lookup: func(object.Ref) (map[string]string, bool, bool) {
			return c.variable, c.variable != nil, true
		}})
		if err != nil {
			t.Fatal(err)
		}
		chosen, err := Choose(clusters, live, "")
		if err != nil {
			t.Fatal(err)
		}
		return chosen
	}
	chosen := choose(object.Ref{})
	opts := Options{Tenants: c.tenants, Scope: scope}
	for _, value := range c.variable {
		opts.Secrets = append(opts.Secrets, value)
	}
	if ref, ok := Root(chosen, live); ok {
		opts.Root = live.Lookup(ref).Object
		chosen = choose(cluster.SourceOf(opts.Root))
	}
	plan, err := NewPlan(chosen, live, opts)
	if err != nil {
		t.Fatal(err)
	}
	var answers []Answer
	for _, r := range plan.Requests {
		answers = append(answers, c.answer(r))
	}
	return plan.Compare(answers)
}

func (c testCase) answer(r Request) Answer {
	var a Answer
	failure, failed := c.failures[r.Ref.Kind+"/"+slashed(r.Ref)]
	if failed && failure.NotServed {
		return Answer{ReadFailure: &failure}
	}
	for _, obj := range c.live {
		if object.RefOf(obj).Same(r.Ref) {
			a.Live = obj
		}
	}
	switch {
	case r.Object == nil:
	case failed:
		a.ApplyFailure = &failure
	case a.Live == nil:
		a.Applied = r.Object.DeepCopy()
	default:
		a.Applied = &unstructured.Unstructured{Object: merged(a.Live.DeepCopy().Object, r.Object.DeepCopy().Object)}
	}
	return a
}

func merged(into, from map[string]any) map[string]any {
	for key, value := range from {
		inner, isMap := value.(map[string]any)
		known, isKnown := into[key].(map[string]any)
		if isMap && isKnown {
			into[key] = merged(known, inner)
			continue
		}
		into[key] = value
	}
	return into
}

// dump is a report as text.
func dump(r *Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "entry %s, releases %d, differs %v, unclear %v\n", r.Entry, r.Releases, r.Differs(), r.Unclear())
	for _, l := range r.Layers {
		fmt.Fprintf(&b, "layer %s path=%s tenant=%s %s suspended=%v unchanged=%d ignored=%d problem=%q omitted=%q\n",
			l.Ref.Name, l.Path, l.Tenant, l.State, l.Suspended, l.Unchanged, l.Ignored, l.Problem, l.Omitted)
		for _, c := range l.Changes {
			fmt.Fprintf(&b, "  %s %s at=%s to=%s %q\n", c.Action, c.Ref, c.At, c.To.Name, c.Message)
			for _, w := range c.Warnings {
				fmt.Fprintf(&b, "    warning: %s\n", w)
			}
			for _, f := range c.Fields {
				fmt.Fprintf(&b, "    %s: %q -> %q at=%s\n", f.Path, f.Old, f.New, f.At)
			}
			for line := range strings.Lines(c.Diff) {
				b.WriteString("    | " + line)
			}
		}
	}
	return b.String()
}

func TestReports(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no cases", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := dump(readCase(t, archive).report(t))
			last := &archive.Files[len(archive.Files)-1]
			if last.Name != "want" {
				t.Fatal("the last file is not want")
			}
			if got == string(last.Data) {
				return
			}
			if !*update {
				t.Fatalf("got:\n%s\nwant:\n%s", got, last.Data)
			}
			last.Data = []byte(got)
			if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestNoSecrets: no text of a report has a value of a Secret or of a variable from one.
func TestNoSecrets(t *testing.T) {
	for _, test := range []struct {
		name    string
		secrets []string
	}{
		{"changes", []string{"new-password", "old-password", "bmV3", "b2xk", "YWRtaW4", "ENC["}},
		{"variables", []string{"s3cret-value", "ENC["}},
	} {
		t.Run(test.name, func(t *testing.T) {
			archive, err := txtar.ParseFile("testdata/" + test.name + ".txtar")
			if err != nil {
				t.Fatal(err)
			}
			text := dump(readCase(t, archive).report(t))
			for _, secret := range test.secrets {
				if strings.Contains(text, secret) {
					t.Errorf("the report has %q", secret)
				}
			}
		})
	}
}

// TestNoRequestForOtherTenants: a tenant's report requests nothing of another tenant.
func TestNoRequestForOtherTenants(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/changes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	c := readCase(t, archive)
	all := c.report(t)
	c.tenants = []string{"mhr"}
	r := c.report(t)
	if len(r.Layers) == 0 || len(r.Layers) >= len(all.Layers) {
		t.Fatalf("%d layers of %d", len(r.Layers), len(all.Layers))
	}
	for _, l := range r.Layers {
		for _, change := range l.Changes {
			if strings.Contains(change.Ref.String(), "bhs") {
				t.Errorf("%s %s", change.Action, change.Ref)
			}
		}
	}
}

func TestIgnoreRules(t *testing.T) {
	layer := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"ignore": []any{
		map[string]any{"paths": []any{"/spec/replicas", "/spec/list/0/x~1y"}, "target": map[string]any{"kind": "Deploy.*", "labelSelector": "a=b"}},
	}}}}
	for _, test := range []struct {
		name   string
		kind   string
		labels map[string]string
		want   string
	}{
		{"matches", "Deployment", map[string]string{"a": "b"}, "spec:\n  list:\n  - z: 2\n"},
		{"other kind", "StatefulSet", map[string]string{"a": "b"}, "spec:\n  list:\n  - x/y: 1\n    z: 2\n  replicas: 3\n"},
		{"other label", "Deployment", map[string]string{"a": "c"}, "spec:\n  list:\n  - x/y: 1\n    z: 2\n  replicas: 3\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			live := &unstructured.Unstructured{Object: map[string]any{"kind": test.kind}}
			live.SetLabels(test.labels)
			obj := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
				"replicas": int64(3), "list": []any{map[string]any{"x/y": int64(1), "z": int64(2)}},
			}}}
			for _, rule := range ignoreRules(layer) {
				rule.remove(obj, live)
			}
			if got := string(yamlOf(obj)); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

// TestMoveWarnings: only layers that wait for each other are reconciled in a known order.
func TestMoveWarnings(t *testing.T) {
	layer := func(name string, state State, dependsOn ...any) *layerPlan {
		spec := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "spec": map[string]any{"dependsOn": dependsOn}}}
		spec.SetName(name)
		spec.SetNamespace("flux-system")
		return &layerPlan{Layer: Layer{Ref: object.RefOf(spec), State: state}, spec: spec}
	}
	onA := map[string]any{"name": "a"}
	p := &Plan{layers: []*layerPlan{layer("a", Both), layer("b", Both, onA), layer("c", New), layer("gone", Removed, onA)}}
	for _, test := range []struct{ from, to, want string }{
		{"a", "b", "[Flux deletes it with layer a, then creates it again with layer b]"},
		{"b", "a", "[]"},
		{"b", "c", "[if layer b is reconciled before layer c, Flux deletes it, then creates it again]"},
		{"gone", "c", "[if layer gone is removed before layer c is reconciled, Flux deletes it, then creates it again]"},
		{"gone", "a", "[if layer gone is removed before layer a is reconciled, Flux deletes it, then creates it again]"},
	} {
		find := func(name string) *layerPlan {
			for _, l := range p.layers {
				if l.Ref.Name == name {
					return l
				}
			}
			return nil
		}
		if got := fmt.Sprint(p.moveWarnings(find(test.from), find(test.to))); got != test.want {
			t.Errorf("from %s to %s: got %s, want %s", test.from, test.to, got, test.want)
		}
	}
}

func TestFields(t *testing.T) {
	for _, test := range []struct{ name, old, now, want string }{
		{"scalar", "a: {b: 1}", "a: {b: 2}", `a.b "1" "2"`},
		{"added map", "{}", "a: {b: 2}", `a "" "{\"b\":2}"`},
		{"removed key with a slash", "m: {x/y: v}", "m: {}", `m[x/y] "v" ""`},
		{"named entries in another order", "l: [{name: a, v: 1}, {name: b, v: 2}]", "l: [{name: b, v: 2}, {name: a, v: 3}]", `l[a].v "1" "3"`},
		{"entry added before", "l: [{name: a}]", "l: [{name: b}, {name: a}]", `l[b] "" "{\"name\":\"b\"}"`},
		{"entry removed", "l: [{name: a}, {name: b}]", "l: [{name: b}]", `l[a] "{\"name\":\"a\"}" ""`},
		{"no names", "l: [1, 2]", "l: [1, 3, 4]", `l[1] "2" "3"; l[2] "" "4"`},
		{"other type", "a: [1]", "a: {b: 1}", `a "[1]" "{\"b\":1}"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var old, now map[string]any
			if err := yaml.Unmarshal([]byte(test.old), &old); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(test.now), &now); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range fields(old, now) {
				got = append(got, fmt.Sprintf("%s %q %q", f.Path, f.Old, f.New))
			}
			if text := strings.Join(got, "; "); text != test.want {
				t.Errorf("got %s, want %s", text, test.want)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	sync := func(dir, name string) []byte {
		return []byte(fmt.Sprintf("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s, namespace: flux-system}\nspec: {path: ./%s, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n", name, dir))
	}
	files := map[string][]byte{
		"clusters/staging/flux-system/gotk-sync.yaml":    sync("clusters/staging", "flux-system"),
		"clusters/production/flux-system/gotk-sync.yaml": sync("clusters/production", "flux-system"),
		"clusters/production/apps.yaml":                  sync("apps", "apps"),
		"clusters/staging/apps.yaml":                     sync("apps", "apps"),
		"apps/c.yaml":                                    []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: default}\n"),
	}
	clusters, err := cluster.Discover(context.Background(), tree.New(files))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path string
		live       map[string]string // names and paths
		want       string
	}{
		{"by the path of the root", "", map[string]string{"flux-system": "./clusters/production"}, "clusters/production/flux-system"},
		{"by the path of the root, written otherwise", "", map[string]string{"flux-system": "clusters/staging/"}, "clusters/staging/flux-system"},
		{"by --path", "./clusters/staging/", nil, "clusters/staging/flux-system"},
		{"unknown --path", "clusters", nil, "error: the repository has no cluster in clusters [clusters/production/flux-system clusters/staging/flux-system]"},
		{"none", "", map[string]string{"other": "x"}, "error: the cluster has no Kustomization of the repository [clusters/production/flux-system clusters/staging/flux-system]"},
		{"ambiguous", "", map[string]string{"apps": "./apps"}, "error: the repository has several clusters, of which more than one matches [clusters/production/flux-system clusters/staging/flux-system]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := snapshot.NewBuilder()
			b.Add(snapshot.Request{Group: object.KustomizationKind.Group, Kind: object.KustomizationKind.Kind})
			for name, path := range maps.All(test.live) {
				obj := &unstructured.Unstructured{}
				obj.SetAPIVersion("kustomize.toolkit.fluxcd.io/v1")
				obj.SetKind("Kustomization")
				obj.SetName(name)
				obj.SetNamespace("flux-system")
				obj.Object["spec"] = map[string]any{"path": path}
				b.AddRedacted(obj)
			}
			got := ""
			switch c, err := Choose(clusters, b.Build(snapshot.Meta{}), test.path); {
			case err != nil:
				got = "error: " + err.Error()
				if e, ok := err.(*EntryError); ok { //nolint:errorlint // it is not wrapped
					got += " " + fmt.Sprint(e.Entries)
				}
			default:
				got = c.Entry
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if _, err := Choose(nil, snapshot.NewBuilder().Build(snapshot.Meta{}), ""); err == nil {
		t.Error("no error for a tree without Kustomizations")
	}
}

func TestKindsThatAreNotServed(t *testing.T) {
	definition := map[string]any{"group": "example.com", "names": map[string]any{"kind": "Thing"}, "versions": []any{
		map[string]any{"name": "v1", "served": true}, map[string]any{"name": "v1alpha1", "served": false},
	}}
	for _, test := range []struct {
		name, version  string
		known, defined bool
		want           Action
	}{
		{"new kind of the tree", "example.com/v1", false, true, Added},
		{"new version of the tree", "example.com/v1", true, true, Unknown},
		{"version that the repository does not serve", "example.com/v1alpha1", false, true, Rejected},
		{"other version", "example.com/v2", true, false, Rejected},
		{"unknown kind", "example.com/v1", false, false, Unknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &Plan{kinds: map[schema.GroupKind][]string{}, scope: func(schema.GroupKind) (bool, bool) { return true, test.known }}
			if test.defined {
				p.addKind(definition)
			}
			ref := object.Ref{APIVersion: test.version, Kind: "Thing", Namespace: "n", Name: "x"}
			obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": test.version, "kind": "Thing"}}
			if got := p.notServed(item{ref: ref, desired: obj}, ref.GroupKind()); got.Action != test.want {
				t.Errorf("got %s %q, want %s", got.Action, got.Message, test.want)
			}
		})
	}
}
