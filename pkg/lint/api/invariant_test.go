package api

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/schema"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
)

// TestInvariants reads testdata/invariants.txtar, whose objects the tests of the lab send to a
// real API server. Each object is valid for its schema.
func TestInvariants(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/invariants.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			o := parse(t, string(f.Data))
			if problems, known := schema.NewSet().Validate(o.Unstructured.Object); !known || len(problems) > 0 {
				t.Fatalf("the schema does not allow it: %v", problems)
			}
			var want, got strings.Builder
			for line := range strings.Lines(string(f.Data)) {
				if text, ok := strings.CutPrefix(line, "# want "); ok {
					want.WriteString(text)
				}
			}
			for _, p := range violated(o, true) {
				got.WriteString(p.String() + "\n")
			}
			if got.String() != want.String() {
				t.Errorf("got\n%swant\n%s", got.String(), want.String())
			}
		})
	}
}

// TestNamesOfUnknownKinds has a kind of an API server of another project, which allows a colon.
func TestNamesOfUnknownKinds(t *testing.T) {
	o := parse(t, "apiVersion: user.openshift.io/v1\nkind: Identity\nmetadata:\n  name: ldap:bhs\n  labels: {a: '-'}\n")
	if got := violated(o, false); len(got) != 1 || got[0].Path != "metadata.labels[a]" {
		t.Errorf("got %v", got)
	}
}

func parse(t *testing.T, text string) *cluster.Object {
	t.Helper()
	u := &unstructured.Unstructured{}
	content, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := u.UnmarshalJSON(content); err != nil {
		t.Fatal(err)
	}
	o := &cluster.Object{Object: &origin.Object{}}
	o.Unstructured = u
	return o
}
