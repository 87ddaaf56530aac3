package message

import (
	"testing"
)

func TestAbbreviate(t *testing.T) {
	for _, c := range []struct{ name, message, want string }{
		{"one item", "health check failed after 1m0.017159677s: timeout waiting for: [Deployment/bhs-orthweb/orthanc status: 'InProgress']",
			"health check failed after 1m0s: Deployment/orthanc InProgress"},
		{"two items, one without namespace", "timeout waiting for: [Deployment/a/b status: 'NotFound', Namespace/c status: 'Terminating']",
			"Deployment/b NotFound, Namespace/c Terminating"},
		{"a revision", "Applied revision: main@sha1:cc8f5370a1b2c3d4e5f60718293a4b5c6d7e8f90", "Applied revision: main@cc8f537"},
		{"an image's digest", "image x@sha256:13914140549da7bb10869a75f7a7fd4ecfdc92e146da2af4917d6b85170e1525", "image x@1391414"},
		{"nothing to do", "secret \"int-ca-secret\" not found", "secret \"int-ca-secret\" not found"},
	} {
		if got := Abbreviate(c.message); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
