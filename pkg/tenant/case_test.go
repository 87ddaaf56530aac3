package tenant

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// now is the current time in all test clusters.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// askedKinds are the kinds that the status command requests.
var askedKinds = []schema.GroupKind{
	object.KustomizationKind, object.HelmReleaseKind, object.GitRepositoryKind, object.NamespaceKind,
	object.DeploymentKind, object.StatefulSetKind, object.ServiceKind, object.CertificateKind,
	object.IssuerKind, object.ClusterIssuerKind, object.GatewayKind, object.VirtualServiceKind,
	object.LeaseKind, object.PodKind, object.EventKind,
}

// testCase is a file in testdata/cases: a Korthweb, its changes, and the permissions of the
// user.
type testCase struct {
	About    string
	Korthweb korthweb
	// Full shows the links that are Ready as well.
	Full bool
	// Objects are added, or merged into existing ones; a null field is removed.
	Objects []map[string]any
	// Drop are objects to remove, "Kind namespace/name".
	Drop []string
	// Forbidden and NotServed are kinds; the namespaces in Allowed of a forbidden kind may be
	// read.
	Forbidden, NotServed, Allowed []string
}

func readCase(tb testing.TB, path string) testCase {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var c testCase
	if err := yaml.UnmarshalStrict(text, &c); err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return c
}

// casePaths are the files of all cases.
func casePaths(tb testing.TB) []string {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "cases", "*.yaml"))
	if err != nil || len(paths) == 0 {
		tb.Fatal("no cases", err)
	}
	return paths
}

// objects are all of the case's cluster.
func (c testCase) objects(tb testing.TB) []*unstructured.Unstructured {
	objects := c.Korthweb.objects(tb)
	for _, patch := range c.Objects {
		// Kubernetes' own decoder gives integers the same type as in a cluster.
		text, err := yaml.Marshal(patch)
		if err != nil {
			tb.Fatal(err)
		}
		added := decode(tb, text)[0]
		at := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool {
			return object.RefOf(o).Same(object.RefOf(added))
		})
		if at < 0 {
			objects = append(objects, added)
		} else {
			merge(objects[at].Object, added.Object)
		}
	}
	for _, drop := range c.Drop {
		before := len(objects)
		objects = slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool { return object.RefOf(o).String() == drop })
		if len(objects) != before-1 {
			tb.Fatalf("there is no %s to drop", drop)
		}
	}
	return objects
}

// merge applies a JSON merge patch (RFC 7386).
func merge(into, patch map[string]any) {
	for key, value := range patch {
		below, isMap := value.(map[string]any)
		if have, ok := into[key].(map[string]any); ok && isMap {
			merge(have, below)
		} else if value == nil {
			delete(into, key)
		} else {
			into[key] = value
		}
	}
}

// snapshot contains the objects that may be read, in their order.
func (c testCase) snapshot(objects []*unstructured.Unstructured) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	byKind := map[schema.GroupKind][]*unstructured.Unstructured{}
	for _, o := range objects {
		byKind[object.RefOf(o).GroupKind()] = append(byKind[object.RefOf(o).GroupKind()], o)
	}
	for _, kind := range askedKinds {
		requested := snapshot.Request{Group: kind.Group, Kind: kind.Kind, Version: "v1"}
		resource := schema.GroupResource{Group: kind.Group, Resource: object.PluralOf(kind.Kind)}.String()
		switch {
		case slices.Contains(c.NotServed, kind.Kind):
			requested.Failure = &snapshot.Failure{Reason: snapshot.NotServed, Verb: "list", Resource: resource}
			builder.Add(requested)
		case slices.Contains(c.Forbidden, kind.Kind):
			requested.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: resource}
			builder.Add(requested)
			for _, namespace := range c.Allowed {
				requested.Namespace, requested.Failure = namespace, nil
				builder.Add(requested, slices.DeleteFunc(byKind[kind], func(o *unstructured.Unstructured) bool { return o.GetNamespace() != namespace })...)
			}
		default:
			builder.Add(requested, byKind[kind]...)
		}
	}
	return builder.Build(snapshot.Meta{At: now})
}
