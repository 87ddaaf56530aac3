package health

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// TestCertificateWithoutSecret checks that a Certificate fails if Secrets were requested from
// the cluster and its Secret does not exist, and that nothing changes if they were not or may
// not be requested.
func TestCertificateWithoutSecret(t *testing.T) {
	certificate := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": map[string]any{"name": "web", "namespace": "a"},
		"spec":   map[string]any{"secretName": "tls"},
		"status": map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "True"}}},
	}}
	secret := func(name string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": name, "namespace": "a"}}}
	}
	whole := snapshot.Request{Version: "v1", Kind: "Secret", Resource: "secrets"}
	narrow, forbidden := whole, whole
	narrow.FieldSelector = "type=Opaque"
	forbidden.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: "secrets"}
	for _, c := range []struct {
		name      string
		requested *snapshot.Request
		in        []*unstructured.Unstructured
		want      Status
	}{
		{"not asked", nil, nil, Ready},
		{"forbidden", &forbidden, nil, Ready},
		{"a list that leaves some out", &narrow, nil, Ready},
		{"there", &whole, []*unstructured.Unstructured{secret("tls")}, Ready},
		{"gone", &whole, []*unstructured.Unstructured{secret("other")}, Failing},
	} {
		builder := snapshot.NewBuilder()
		builder.Add(snapshot.Request{Group: object.CertificateKind.Group, Version: "v1", Kind: "Certificate", Resource: "certificates"}, certificate.DeepCopy())
		if c.requested != nil {
			builder.Add(*c.requested, c.in...)
		}
		got := New(builder.Build(snapshot.Meta{At: noon})).Of(object.RefOf(certificate))
		if got.Status != c.want || c.want == Failing && got.Reason != "SecretMissing" {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
