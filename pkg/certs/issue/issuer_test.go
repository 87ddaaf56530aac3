package issue

import (
	"fmt"
	"testing"
)

// TestParseIssuer parses issuers of cert-manager, and other issuers with their group.
func TestParseIssuer(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "Issuer.cert-manager.io/int-ca-issuer",
		"mine":                "Issuer.cert-manager.io/mine",
		"Issuer/mine":         "Issuer.cert-manager.io/mine",
		"issuer/mine":         "Issuer.cert-manager.io/mine",
		"CLUSTERISSUER/ca":    "ClusterIssuer.cert-manager.io/ca",
		"AWSPCAIssuer.a.io/x": "AWSPCAIssuer.a.io/x",
		"Issuer/":             "--issuer \"Issuer/\" is not Kind/name",
		"/x":                  "--issuer \"/x\" is not Kind/name",
		"Issuer/x/y":          "--issuer \"Issuer/x/y\" is not Kind/name",
		"Foo./x":              "--issuer \"Foo./x\" is not Kind/name",
		"Foo/x":               "unknown kind of issuer \"Foo\"",
	} {
		issuer, err := ParseIssuer(text)
		got := fmt.Sprintf("%s.%s/%s", issuer.Kind, issuer.Group, issuer.Name)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
