package versioned

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// TestJSONKeepsToItsSchema validates objects with every field set, and objects with empty
// lists.
func TestJSONKeepsToItsSchema(t *testing.T) {
	for _, c := range []struct {
		schema string
		object func() (any, error)
	}{
		{"certificatelist", func() (any, error) { return CertificateList(samples.Entries(t), samples.At) }},
		{"certificatelist", func() (any, error) { return CertificateList(nil, samples.At) }},
		{"certificatereport", func() (any, error) {
			return CertificateReport(trust.Describe(samples.Chain(t, "client.pem"), samples.At))
		}},
		{"certificatereport", func() (any, error) {
			return CertificateReport(trust.Describe(samples.Chain(t, "server-ended.pem"), samples.At))
		}},
		{"certificatereport", func() (any, error) { return CertificateReport(trust.Report{At: samples.At}) }},
		{"certificateverification", func() (any, error) { return CertificateVerification("bhs", samples.Results(), samples.At) }},
		{"certificateverification", func() (any, error) { return CertificateVerification("bhs", nil, samples.At) }},
		{"issuedcertificate", func() (any, error) {
			return IssuedObject(Issued{
				Tenant: "bhs", Namespace: "bhs-orthweb", Via: "issuer", Issuer: "Issuer/int-ca-issuer",
				Certificate: samples.Chain(t, "client.pem")[0], Key: "k", CertificateFile: "c", CA: "a", PKCS12: "p",
			})
		}},
		{"issuedcertificate", func() (any, error) {
			return IssuedObject(Issued{
				Tenant: "bhs", Namespace: "bhs-orthweb", Via: "secret", Issuer: "Secret/x",
				Certificate: samples.Chain(t, "server-ended.pem")[0], CertificateFile: "c",
			})
		}},
		{"hostentrylist", func() (any, error) {
			return HostEntries([]hosts.Entry{
				{Tenant: "bhs", Addr: netip.MustParseAddr("192.168.64.16"), Names: []string{"web.bhs.orthweb.com"}},
				{Tenant: "bhs", Addr: netip.MustParseAddr("2001:db8::7"), Names: []string{"web.bhs.orthweb.com"}},
			}, []string{"mhr: it has no address"})
		}},
		{"hostentrylist", func() (any, error) { return HostEntries(nil, nil) }},
		{"validation", func() (any, error) {
			inside := samples.Explanation("down", "bhs")
			return Validation("bhs", samples.At, samples.Checks(), &inside)
		}},
		{"validation", func() (any, error) { return Validation("bhs", samples.At, nil, nil) }},
		{"clustercheck", func() (any, error) {
			return ClusterCheck(samples.ClusterChecks(), snapshot.Meta{At: samples.At, Server: "v1.36.3"})
		}},
		{"lintreport", func() (any, error) { return Lint(samples.LintReport()) }},
		{"lintreport", func() (any, error) { return Lint(&lint.Report{}) }},
		{"diffreport", func() (any, error) { return Diff(samples.Diff()) }},
		{"diffreport", func() (any, error) { return Diff(&diff.Report{Entry: "."}) }},
		{"operation", func() (any, error) {
			return Operation([]operate.Result{{Ref: object.Ref{APIVersion: "v1", Kind: "x", Namespace: "n", Name: "a"}, Tenants: []string{"bhs"}, Outcome: operate.ToSuspend, Reason: "r", Message: "m"}})
		}},
		{"operation", func() (any, error) { return Operation(nil) }},
		{"snapshot", func() (any, error) {
			b := snapshot.NewBuilder()
			b.Add(snapshot.Request{Version: "v1", Kind: "Pod", Resource: "pods"}, &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "a", "namespace": "n"}}})
			b.Add(snapshot.Request{Version: "v1", Kind: "Node", Resource: "nodes", Failure: &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: "nodes"}})
			return Snapshot(b.Build(snapshot.Meta{At: samples.At, Server: "v1.36.3"}), Selection{Kinds: []schema.GroupKind{{Kind: "Pod"}, {Kind: "Node"}}, Objects: true})
		}},
		{"snapshot", func() (any, error) {
			return Snapshot(snapshot.NewBuilder().Build(snapshot.Meta{At: samples.At}), Selection{})
		}},
		{"clustercheck", func() (any, error) { return ClusterCheck(nil, snapshot.Meta{At: samples.At}) }},
		{"tenantcomparison", func() (any, error) { return Comparison(&compare.Report{A: "bhs", B: "mhr"}) }},
		{"tenantcomparison", func() (any, error) {
			has := compare.Place{Present: true, Ref: object.Ref{Kind: "Service", Name: "orthweb"}, Field: "spec.type", Value: "x", At: tree.Position{File: "a.yaml", Line: 1, Column: 2}}
			all := []compare.Difference{{Kind: compare.Value, Layer: "TENANT-application", A: has, B: has}, {Kind: compare.ObjectMissing, A: has}, {Kind: compare.LayerMissing, B: compare.Place{Present: true}}}
			return Comparison(&compare.Report{A: "bhs", B: "mhr", Layers: 1, Objects: 2, Differences: all, Expected: all, SharedSecrets: all, Unknown: []string{"x"}})
		}},
	} {
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		schema, err := compiler.Compile("../../../docs/schema/" + c.schema + ".v1alpha1.json")
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
