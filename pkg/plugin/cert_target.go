package plugin

import (
	"context"
	"fmt"
	"strings"
	"time"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// The names that Korthweb uses by default.
const (
	defaultIssuer = "int-ca-issuer"
	defaultSecret = "int-ca-secret"
)

// target is the tenant that a certificate is for, and the issuer that signs it.
type target struct {
	tenant tenant.Status
	// Namespace is where CertificateRequests are created.
	namespace string
	issuer    cmmeta.IssuerReference
	// secret is the CA's, as namespace/name, empty when it is not known.
	secret string
	// end is when the CA's certificate ends, zero when that is not known.
	end    time.Time
	domain string
	now    time.Time
}

func (o *certIssueOptions) target(ctx context.Context) (target, error) {
	namespace := o.call.Namespace()
	snap, err := o.call.Collect(ctx, queries.Ingress(namespace), false)
	if err != nil {
		return target{}, err
	}
	chosen, err := selection.One(snap, o.tenant, namespace)
	if err != nil {
		return target{}, err
	}
	t, err := newTarget(snap, chosen, namespace, o.issuer)
	if err != nil || o.caSecret == "" {
		return t, err
	}
	if t.secret = o.caSecret; !strings.Contains(t.secret, "/") {
		t.secret = t.namespace + "/" + t.secret
	}
	t.end = authorityEnd(snap, t.secret)
	return t, nil
}

// newTarget selects the issuer for a tenant. namespace is empty where the user named
// none.
func newTarget(snap *snapshot.Snapshot, chosen tenant.Tenant, namespace, issuer string) (target, error) {
	t := target{tenant: tenant.Assess(snap, []tenant.Tenant{chosen})[0], namespace: namespace, now: snap.Meta().At}
	t.domain = t.tenant.Domain()
	if err := t.findIssuer(snap, issuer, chosen.Namespaces); err != nil {
		return target{}, err
	}
	t.end = authorityEnd(snap, t.secret)
	return t, nil
}

// findIssuer selects the issuer: the one that was named, Korthweb's own, or the only
// one with a CA. An issuer that can't be read is assumed to exist: cert-manager
// reports when it doesn't.
func (t *target) findIssuer(snap *snapshot.Snapshot, named string, namespaces []string) error {
	issuer, err := parseIssuer(named)
	if err != nil {
		return err
	}
	if t.namespace == "" {
		t.namespace = namespaces[0]
		for _, namespace := range namespaces {
			if snap.Lookup(issuerRef(issuer, namespace)).Presence == snapshot.Present {
				t.namespace = namespace
				break
			}
		}
	}
	found := snap.Lookup(issuerRef(issuer, t.namespace))
	if found.Presence == snapshot.Absent && named == "" {
		if only := onlyAuthority(snap, t.namespace); only != "" {
			issuer.Name = only
			found = snap.Lookup(issuerRef(issuer, t.namespace))
		}
	}
	if found.Presence == snapshot.Absent && issuer.Group == object.IssuerKind.Group {
		return noSuchIssuer(snap, issuer, t.namespace)
	}
	t.issuer = issuer
	if found.Object == nil {
		if named == "" {
			t.secret = t.namespace + "/" + defaultSecret
		}
		return nil
	}
	if name := object.Text(found.Object.Object, "spec", "ca", "secretName"); name != "" {
		t.secret = t.namespace + "/" + name
		if issuer.Kind == object.ClusterIssuerKind.Kind {
			t.secret = clusterSecrets + "/" + name
		}
	}
	return usable(snap, object.RefOf(found.Object))
}

// clusterSecrets is where cert-manager looks for a ClusterIssuer's Secret by default
// (--cluster-resource-namespace).
const clusterSecrets = "cert-manager"

func noSuchIssuer(snap *snapshot.Snapshot, issuer cmmeta.IssuerReference, namespace string) error {
	var names []string
	for _, kind := range []string{object.IssuerKind.Kind, object.ClusterIssuerKind.Kind} {
		in := namespace
		gk := object.IssuerKind
		if kind == object.ClusterIssuerKind.Kind {
			in, gk = "", object.ClusterIssuerKind
		}
		for _, o := range snap.List(gk, in).Objects {
			names = append(names, kind+"/"+o.GetName())
		}
	}
	hint := "The namespace has no issuer. Check the tenant with 'kubectl orthweb status'."
	if len(names) > 0 {
		hint = "Choose one with --issuer. Issuers: " + escape.List(names) + "."
	}
	return advice.Add(fmt.Errorf("%s %q does not exist in namespace %s", issuer.Kind, issuer.Name, namespace), "%s", hint)
}
