package render

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
)

// TestJSONKeepsToItsSchema has every field filled, and every list empty.
func TestJSONKeepsToItsSchema(t *testing.T) {
	for _, c := range []struct {
		schema     string
		objectCell func() (any, error)
	}{
		{"certificatelist", func() (any, error) { return CertificatesObject(entries(t), explained) }},
		{"certificatelist", func() (any, error) { return CertificatesObject(nil, explained) }},
		{"certificatereport", func() (any, error) {
			return CertificateReportObject(trust.Describe(chainIn(t, "client.pem"), explained))
		}},
		{"certificatereport", func() (any, error) {
			return CertificateReportObject(trust.Describe(chainIn(t, "server-ended.pem"), explained))
		}},
		{"certificatereport", func() (any, error) { return CertificateReportObject(trust.Report{At: explained}) }},
		{"certificateverification", func() (any, error) { return CertificateVerificationObject("bhs", results(), explained) }},
		{"certificateverification", func() (any, error) { return CertificateVerificationObject("bhs", nil, explained) }},
		{"issuedcertificate", func() (any, error) {
			return IssuedObject(Issued{
				Tenant: "bhs", Namespace: "bhs-orthweb", Via: "issuer", Issuer: "Issuer/int-ca-issuer",
				Certificate: chainIn(t, "client.pem")[0], Key: "k", CertificateFile: "c", CA: "a", PKCS12: "p",
			})
		}},
		{"issuedcertificate", func() (any, error) {
			return IssuedObject(Issued{
				Tenant: "bhs", Namespace: "bhs-orthweb", Via: "secret", Issuer: "Secret/x",
				Certificate: chainIn(t, "server-ended.pem")[0], CertificateFile: "c",
			})
		}},
		{"hostentrylist", func() (any, error) {
			return HostsObject([]hosts.Entry{
				{Tenant: "bhs", Addr: netip.MustParseAddr("192.168.64.16"), Names: []string{"web.bhs.orthweb.com"}},
				{Tenant: "bhs", Addr: netip.MustParseAddr("2001:db8::7"), Names: []string{"web.bhs.orthweb.com"}},
			}, []string{"mhr: it has no address"})
		}},
		{"hostentrylist", func() (any, error) { return HostsObject(nil, nil) }},
		{"validation", func() (any, error) {
			inside := sick("down", "bhs")
			return ValidationObject("bhs", explained, validated(), &inside)
		}},
		{"validation", func() (any, error) { return ValidationObject("bhs", explained, nil, nil) }},
	} {
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		schema, err := compiler.Compile("../../docs/schema/" + c.schema + ".v1alpha1.json")
		if err != nil {
			t.Fatal(err)
		}
		object, err := c.objectCell()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v\n%s", c.schema, err, text)
		}
	}
}
