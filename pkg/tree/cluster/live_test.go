package cluster

import (
	"context"
	"fmt"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// TestLookup builds a tree whose variables only the cluster has.
func TestLookup(t *testing.T) {
	const layer = `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec:
  path: ./a
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: Secret, name: s%s}]}
`
	for _, test := range []struct {
		name, more    string
		values        map[string]string
		exists, known bool
		want          string
		incomplete    bool
	}{
		{"exists", "", map[string]string{"v": "1"}, true, true, "1", false},
		{"does not exist", "", nil, false, true, "${v}", true},
		{"is optional and does not exist", ", optional: true", nil, false, true, "${v}", false},
		{"could not be read", ", optional: true", nil, false, false, "${v}", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			clusters, err := DiscoverWith(context.Background(), tree.New(map[string][]byte{
				"flux/a.yaml": fmt.Appendf(nil, layer, test.more),
				"a/a.yaml":    []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {x: \"${v}\"}\n"),
			}), Options{Lookup: func(ref object.Ref) (map[string]string, bool, bool) {
				if ref.Kind != "Secret" || ref.Namespace != "flux-system" || ref.Name != "s" {
					t.Errorf("looked up %s", ref)
				}
				return test.values, test.exists, test.known
			}})
			if err != nil || len(clusters) != 1 || len(clusters[0].Objects) != 1 {
				t.Fatal(clusters, err)
			}
			if got, _ := object.Quote(clusters[0].Objects[0].Unstructured.Object, "data.x"); got != test.want {
				t.Errorf("x is %s, want %s", got, test.want)
			}
			if got := clusters[0].Kustomizations[0].Incomplete(); got != test.incomplete {
				t.Errorf("incomplete is %v", got)
			}
		})
	}
}

// TestOrigin: a missing path is a defect, not another source, if the origin is known.
func TestOrigin(t *testing.T) {
	files := map[string][]byte{"flux/a.yaml": []byte(`
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {path: ./missing, sourceRef: {kind: GitRepository, name: flux-system}}
`)}
	origin := object.Ref{APIVersion: "source.toolkit.fluxcd.io/v1", Kind: "GitRepository", Namespace: "flux-system", Name: "flux-system"}
	for _, test := range []struct {
		name   string
		origin object.Ref
		built  bool
	}{{"unknown", object.Ref{}, false}, {"known", origin, true}} {
		t.Run(test.name, func(t *testing.T) {
			clusters, err := DiscoverWith(context.Background(), tree.New(files), Options{Origin: test.origin})
			if err != nil {
				t.Fatal(err)
			}
			if k := clusters[0].Kustomizations[0]; (k.Err != nil) != test.built || (k.OtherSource == "") != test.built {
				t.Errorf("error %v, source %q", k.Err, k.OtherSource)
			}
		})
	}
}
