package collect

import (
	"testing"
)

// TestMatchesGroup tests the suffixes of a kind's name (kubectl v0.36: KIND.GROUP and
// KIND.VERSION.GROUP, and the beginning of a group).
func TestMatchesGroup(t *testing.T) {
	for _, c := range []struct {
		written, group string
		want           bool
	}{
		{"", "apps", true}, {"", "", true},
		{"apps", "apps", true}, {"batch", "apps", false}, {"app", "apps", false},
		{"v1.apps", "apps", true}, {"v1beta1.apps", "apps", true}, {"v1.batch", "apps", false}, {"v1", "apps", false},
		{"v1", "", true}, {"v1.", "", true}, {"v1.apps", "", false},
		{"gateway", "gateway.networking.k8s.io", true}, {"v1.gateway", "gateway.networking.k8s.io", true}, {"gate", "gateway.networking.k8s.io", false},
		{"v1alpha1.example.org", "example.org", true}, {"vault.example.org", "vault.example.org", true},
	} {
		if got := MatchesGroup(c.written, c.group); got != c.want {
			t.Errorf("%q means group %q: %t, want %t", c.written, c.group, got, c.want)
		}
	}
}
