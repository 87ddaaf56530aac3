package check

import (
	"os"
	"regexp"
	"testing"
)

func TestClientSkew(t *testing.T) {
	for _, c := range []struct {
		about, client, server string
		warns                 bool
	}{
		{"the same minor", "v1.36.4", "v1.36.1", false},
		{"a minor older", "v1.36.4", "v1.35.9", false},
		{"a minor newer, of a vendor", "v1.36.4", "v1.37.0-eks-1a2b3c", false},
		{"two minors older", "v1.36.4", "v1.34.0+k3s1", true},
		{"two minors newer", "v1.36.4", "v1.38.0", true},
		{"another major", "v1.36.4", "v2.36.0", true},
		{"a server that says nothing of use", "v1.36.4", "unknown", true},
		{"a client that does not know its own", "", "v1.20.0", false},
	} {
		if got := ClientSkew(c.client, c.server); (got != "") != c.warns {
			t.Errorf("%s: %s with %s: %q", c.about, c.client, c.server, got)
		}
	}
}

// TestNewestFluxIsTheLabs compares the constant with the Flux release of the lab. The lab is
// another module, which the product must not import.
func TestNewestFluxIsTheLabs(t *testing.T) {
	source, err := os.ReadFile("../../lab/korthweb/flux.go")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`FluxVersion = "(v\d+\.\d+)\.`).FindSubmatch(source)
	if match == nil || string(match[1]) != NewestFlux {
		t.Errorf("the lab's Flux is %q, NewestFlux is %q", match, NewestFlux)
	}
}
