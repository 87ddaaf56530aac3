package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// fleetOf serves a recorded cluster with the given number of copies of tenant mhr, as t0000,
// t0001, …, and with tenant bhs.
func fleetOf(t testing.TB, example string, tenants int) *fakeapi.Server {
	t.Helper()
	snap, err := recording.Read(context.Background(), recording.Source{From: []string{recording.ExamplePrefix + example}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	seen := map[string]bool{}
	for _, request := range snap.Requests() {
		if gk := request.GroupKind().String(); seen[gk] {
			continue
		} else {
			seen[gk] = true
		}
		for _, obj := range snap.List(request.GroupKind(), "").Objects {
			if !strings.Contains(obj.GetNamespace()+"/"+obj.GetName(), "mhr") {
				objects = append(objects, obj)
				continue
			}
			obj = obj.DeepCopy()
			if obj.GetKind() == "Secret" && obj.Object["type"] == "kubernetes.io/tls" { // its certificate is valid for mhr only
				obj.Object["data"] = map[string]any{"tls.crt": "", "tls.key": "", "ca.crt": ""}
			}
			unstructured.RemoveNestedField(obj.Object, "status", "certificate") // so is its request
			text, err := json.Marshal(obj.Object)
			if err != nil {
				t.Fatal(err)
			}
			for i := range tenants {
				clone := &unstructured.Unstructured{}
				if err := clone.UnmarshalJSON([]byte(strings.ReplaceAll(string(text), "mhr", fmt.Sprintf("t%04d", i)))); err != nil {
					t.Fatal(err)
				}
				objects = append(objects, clone)
			}
		}
	}
	api := fakeapi.New(t, objects...)
	api.SetTime(snap.Meta().At)
	return api
}

// explainLive runs explain against the server and returns its output.
func explainLive(t testing.TB, api *fakeapi.Server, args ...string) (string, error) {
	t.Helper()
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	cmd := NewRoot(streams)
	cmd.SetArgs(append([]string{"explain", "--kubeconfig", api.Kubeconfig()}, args...))
	err := cmd.ExecuteContext(context.Background())
	if text := errOut.String(); text != "" {
		t.Log(text)
	}
	return out.String(), err
}

var inNamespace = regexp.MustCompile(`/namespaces/([^/]+)/`)

// TestExplainRequests counts the requests of explain: for a healthy fleet of any size, those of
// status and the lists for the ingress path; for one broken tenant, among few or many, its
// namespaces and the shared ones.
func TestExplainRequests(t *testing.T) {
	count := func(example string, tenants int, args ...string) (requests int, namespaces []string, all []string) {
		api := fleetOf(t, example, tenants)
		if out, err := explainLive(t, api, args...); err != nil && !strings.Contains(out, "OW4103") {
			t.Fatalf("explain %v: %v\n%s", args, err, out)
		}
		for _, r := range api.Requests() {
			requests++
			if in := inNamespace.FindStringSubmatch(r.Path); in != nil {
				namespaces = append(namespaces, in[1])
			} else {
				all = append(all, r.Path)
			}
		}
		slices.Sort(namespaces)
		return requests, slices.Compact(namespaces), all
	}
	few, _, _ := count("healthy", 1)
	many, in, all := count("healthy", 60)
	t.Logf("a healthy fleet: %d requests of 2 tenants, %d of 61\n%s", few, many, strings.Join(all, "\n"))
	if len(in) > 8 {
		t.Errorf("a healthy fleet is read namespace by namespace: %q", in)
	}
	if many > few+40 { // further pages of the same lists
		t.Errorf("%d requests for 61 tenants, %d for 2", many, few)
	}
	broken, _, _ := count("failing", 1, "bhs")
	among, in, all := count("failing", 60, "bhs")
	t.Logf("one broken tenant: %d requests of 2, %d of 61, in %q and\n%s", broken, among, in, strings.Join(all, "\n"))
	if slices.ContainsFunc(in, func(ns string) bool { return strings.HasPrefix(ns, "t0") }) {
		t.Errorf("one broken tenant: other tenants' namespaces are read: %q", in)
	}
	for _, path := range all {
		if !sharedPath.MatchString(path) {
			t.Errorf("one broken tenant: %s is read of all namespaces", path)
		}
	}
}

// sharedPath are the lists that cover all tenants: the tenants themselves, the objects that
// Flux applies to them, and cluster-scoped objects.
var sharedPath = regexp.MustCompile(`^/(api|apis)$|/(namespaces|nodes|kustomizations|gitrepositories|ocirepositories|buckets|externalartifacts|clusterissuers|leases|storageclasses|events|` +
	`apiservices|validatingwebhookconfigurations|mutatingwebhookconfigurations|gateways)$`)
