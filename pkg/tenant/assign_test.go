package tenant

import (
	"reflect"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// TestTenantsOfLayer checks that the tenants of a layer follow from the namespaces that it
// touches, or else from its label, its path or its name.
func TestTenantsOfLayer(t *testing.T) {
	tenants := map[string]*Tenant{"a": {}, "a-b": {}, "mary": {}}
	owners := map[string]string{"a-orthweb": "a", "a-b-orthweb": "a-b", "st-mary-orthweb": "mary", "radiology": "mary"}
	for _, c := range []struct {
		about, name, path, org string
		touches                []string
		want                   []string
	}{
		{"what it touches comes first", "a-application", "./a", "a", []string{"a-b-orthweb"}, []string{"a-b"}},
		{"it may touch several", "x", "", "", []string{"a-orthweb", "a-b-orthweb", "monitoring"}, []string{"a", "a-b"}},
		{"its label", "x", "./x", "mary", nil, []string{"mary"}},
		{"its folder", "x", "./apps/a-b", "", nil, []string{"a-b"}},
		{"its name", "a-application", "./apps", "", nil, []string{"a"}},
		{"the longer name", "a-b-application", "./apps", "", nil, []string{"a-b"}},
		{"its namespace's name", "radiology-top", "./apps", "", nil, []string{"mary"}},
		{"its namespace's name without the suffix", "st-mary-top", "./apps", "", nil, []string{"mary"}},
		{"not the beginning of a word", "about", "./apps", "", nil, nil},
		{"another namespace does not count", "x", "./apps", "", []string{"monitoring"}, nil},
		{"nothing to go by", "x", ".", "", nil, nil},
	} {
		l := &layer{ref: object.Ref{Kind: "Kustomization", Name: c.name}, path: c.path, org: c.org, touches: set{}}
		for _, namespace := range c.touches {
			l.touches[namespace] = true
		}
		if got := l.tenants(tenants, owners); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.about, got, c.want)
		}
	}
}
