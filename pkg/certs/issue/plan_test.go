package issue

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var (
	now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	bhs = tenant.Tenant{Name: "bhs", Namespaces: []string{"bhs-orthweb", "bhs-more"}}
)

// issuers is a snapshot with objects of cert-manager, which are ready unless they have a
// status. The kinds that are not read are forbidden.
func issuers(t *testing.T, text string, unread ...string) *snapshot.Snapshot {
	t.Helper()
	var list []map[string]any
	if err := yaml.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	builder := snapshot.NewBuilder()
	for _, kind := range []string{"Issuer", "ClusterIssuer", "Certificate"} {
		requested := snapshot.Request{Group: object.IssuerKind.Group, Version: "v1", Kind: kind}
		if slices.Contains(unread, kind) {
			requested.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: object.PluralOf(kind)}
		}
		var objects []*unstructured.Unstructured
		for _, content := range list {
			if content["kind"] == kind {
				content["apiVersion"] = "cert-manager.io/v1"
				if content["status"] == nil {
					content["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "True"}}}
				}
				objects = append(objects, &unstructured.Unstructured{Object: content})
			}
		}
		builder.Add(requested, objects...)
	}
	return builder.Build(snapshot.Meta{At: now})
}

// TestNewPlan selects the named issuer, Korthweb's own issuer or the only issuer with a CA, and
// rejects one that can't sign.
func TestNewPlan(t *testing.T) {
	const (
		own   = "- {kind: Issuer, metadata: {name: int-ca-issuer, namespace: bhs-orthweb}, spec: {ca: {secretName: own}}}\n"
		more  = "- {kind: Issuer, metadata: {name: int-ca-issuer, namespace: bhs-more}, spec: {ca: {secretName: more}}}\n"
		other = "- {kind: Issuer, metadata: {name: other, namespace: bhs-orthweb}, spec: {ca: {secretName: theirs}}}\n"
		third = "- {kind: Issuer, metadata: {name: third, namespace: bhs-orthweb}, spec: {ca: {secretName: theirs}}}\n"
		vault = "- {kind: Issuer, metadata: {name: vault, namespace: bhs-orthweb}, spec: {vault: {}}}\n"
		self  = "- {kind: Issuer, metadata: {name: int-ca-issuer, namespace: bhs-orthweb}, spec: {selfSigned: {}}}\n"
		down  = "- {kind: Issuer, metadata: {name: int-ca-issuer, namespace: bhs-orthweb}, spec: {ca: {secretName: own}}, status: {conditions: [{type: Ready, status: 'False', reason: ErrGetKeyPair, message: no key}]}}\n"
		whole = "- {kind: ClusterIssuer, metadata: {name: corp}, spec: {ca: {secretName: corp}}}\n"
		ended = "- {kind: Certificate, metadata: {name: ca, namespace: bhs-orthweb}, spec: {secretName: own}, status: {notAfter: '2026-02-01T00:00:00Z'}}\n"
	)
	for _, c := range []struct {
		about, objects string
		unread         []string
		options        Options
		want           string // namespace, issuer, secret; or the error
	}{
		{about: "Korthweb's own", objects: own + other, want: "bhs-orthweb Issuer/int-ca-issuer bhs-orthweb/own"},
		{about: "in the tenant's second namespace", objects: more, want: "bhs-more Issuer/int-ca-issuer bhs-more/more"},
		{about: "the only one with a CA", objects: other + vault, want: "bhs-orthweb Issuer/other bhs-orthweb/theirs"},
		{about: "one of several", objects: other + third, want: `Issuer "int-ca-issuer" does not exist in namespace bhs-orthweb`},
		{about: "none", want: `Issuer "int-ca-issuer" does not exist in namespace bhs-orthweb`},
		{about: "named", objects: own + other, options: Options{Issuer: "other"}, want: "bhs-orthweb Issuer/other bhs-orthweb/theirs"},
		{about: "named, and missing", objects: own, options: Options{Issuer: "other"}, want: `Issuer "other" does not exist`},
		{about: "of the cluster", objects: own + whole, options: Options{Issuer: "ClusterIssuer/corp"}, want: "bhs-orthweb ClusterIssuer/corp cert-manager/corp"},
		{about: "of another program", objects: own, options: Options{Issuer: "AWSPCAIssuer.awspca.cert-manager.io/x"}, want: "bhs-orthweb AWSPCAIssuer/x "},
		{about: "in another namespace", objects: own + more, options: Options{Namespace: "bhs-more"}, want: "bhs-more Issuer/int-ca-issuer bhs-more/more"},
		{about: "issuers that can't be read", unread: []string{"Issuer"}, want: "bhs-orthweb Issuer/int-ca-issuer bhs-orthweb/int-ca-secret"},
		{about: "another Secret", objects: own, options: Options{CASecret: "mine"}, want: "bhs-orthweb Issuer/int-ca-issuer bhs-orthweb/mine"},
		{about: "a Secret elsewhere", objects: own, options: Options{CASecret: "a/mine"}, want: "bhs-orthweb Issuer/int-ca-issuer a/mine"},
		{about: "self-signed", objects: self, want: "is self-signed and can't sign client certificates"},
		{about: "not ready", objects: down, want: "is not ready: "},
		{about: "a CA that has expired", objects: own + ended, want: "has expired, or is about to"},
		{about: "another Secret than that of the expired CA", objects: own + ended, options: Options{CASecret: "mine"}, want: "bhs-orthweb Issuer/int-ca-issuer bhs-orthweb/mine"},
	} {
		c.options.Lifetime = Lifetime{Duration: time.Hour}
		if strings.Contains(c.want, "has expired") {
			c.options.Lifetime.Shorten = true
		}
		plan, err := NewPlan(issuers(t, c.objects, c.unread...), bhs, c.options)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = plan.Namespace + " " + plan.SignedBy() + " " + plan.Secret
		}
		if !strings.Contains(got, c.want) || err == nil && got != c.want {
			t.Errorf("%s: %s, want %s", c.about, got, c.want)
		}
	}
}
