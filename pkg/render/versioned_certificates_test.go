package render

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/digihunch/kubectl-orthweb/pkg/trust"
)

// TestCertificatesKeepToTheirSchemas has every field filled, and every list empty.
func TestCertificatesKeepToTheirSchemas(t *testing.T) {
	for _, c := range []struct {
		schema string
		object func() (any, error)
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
	} {
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		schema, err := compiler.Compile("../../docs/schema/" + c.schema + ".v1alpha1.json")
		if err != nil {
			t.Fatal(err)
		}
		object, err := c.object()
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
