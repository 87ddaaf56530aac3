package plugin

import "testing"

func TestNameOf(t *testing.T) {
	for _, c := range []struct {
		about string
		argv  []string
		want  string
	}{
		{"as kubectl calls it", []string{"/a/kubectl-orthweb", "status"}, "kubectl orthweb"},
		{"as a user types it", []string{"kubectl-orthweb", "status"}, "kubectl-orthweb"},
		{"from where it was built", []string{"bin/kubectl-orthweb"}, "bin/kubectl-orthweb"},
		{"from a directory to be quoted", []string{"my bin/kubectl-orthweb"}, "'my bin/kubectl-orthweb'"},
		{"by a name of the user's", []string{"ow"}, "ow"},
		{"as kubectl asks for completions", []string{"kubectl_complete-orthweb"}, "kubectl orthweb"},
		{"by none", nil, "kubectl orthweb"},
		{"by an empty one", []string{""}, "kubectl orthweb"},
	} {
		if got := nameOf(c.argv); got != c.want {
			t.Errorf("%s: %q, want %q", c.about, got, c.want)
		}
	}
}
