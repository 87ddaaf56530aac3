package issue

import (
	"fmt"
	"strings"
	"time"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Plan is a certificate that can be issued: the tenant that it is for, and the issuer that
// signs it.
type Plan struct {
	Tenant tenant.Status
	// Namespace is where CertificateRequests are created.
	Namespace string
	Issuer    cmmeta.IssuerReference
	// Secret is the CA's, as namespace/name, empty when it is not known.
	Secret string
	// At is the cluster's time.
	At time.Time

	options Options
	domain  string
	// end is when the CA's certificate ends, zero when that is not known.
	end time.Time
}

// NewPlan selects the issuer for a tenant, and rejects what it could not sign.
func NewPlan(snap *snapshot.Snapshot, chosen tenant.Tenant, o Options) (*Plan, error) {
	p := &Plan{Tenant: tenant.Assess(snap, []tenant.Tenant{chosen})[0], Namespace: o.Namespace, At: snap.Meta().At, options: o}
	p.domain = p.Tenant.Domain()
	if err := p.findIssuer(snap, chosen.Namespaces); err != nil {
		return nil, err
	}
	if o.CASecret != "" {
		if p.Secret = o.CASecret; !strings.Contains(p.Secret, "/") {
			p.Secret = p.Namespace + "/" + p.Secret
		}
	}
	p.end = caEnd(snap, p.Secret)
	_, _, err := o.Lifetime.until(p.end, p.At)
	return p, err
}

// SignedBy names what signs the certificate: the issuer, or the Secret of the CA.
func (p *Plan) SignedBy() string {
	if p.options.Via == ViaSecret {
		return "Secret/" + p.Secret
	}
	return p.Issuer.Kind + "/" + p.Issuer.Name
}

// findIssuer selects the issuer: the one that was named, Korthweb's own, or the only
// one with a CA. An issuer that can't be read is assumed to exist: cert-manager
// reports when it doesn't.
func (p *Plan) findIssuer(snap *snapshot.Snapshot, namespaces []string) error {
	named := p.options.Issuer
	issuer, err := ParseIssuer(named)
	if err != nil {
		return err
	}
	if p.Namespace == "" {
		p.Namespace = namespaces[0]
		for _, namespace := range namespaces {
			if snap.Lookup(issuerRef(issuer, namespace)).Presence == snapshot.Present {
				p.Namespace = namespace
				break
			}
		}
	}
	found := snap.Lookup(issuerRef(issuer, p.Namespace))
	if found.Presence == snapshot.Absent && named == "" {
		if only := onlyCAIssuer(snap, p.Namespace); only != "" {
			issuer.Name = only
			found = snap.Lookup(issuerRef(issuer, p.Namespace))
		}
	}
	if found.Presence == snapshot.Absent && issuer.Group == object.IssuerKind.Group {
		return noSuchIssuer(snap, issuer, p.Namespace)
	}
	p.Issuer = issuer
	if found.Object == nil {
		if named == "" {
			p.Secret = p.Namespace + "/" + defaultSecret
		}
		return nil
	}
	if name := object.Text(found.Object.Object, "spec", "ca", "secretName"); name != "" {
		p.Secret = p.Namespace + "/" + name
		if issuer.Kind == object.ClusterIssuerKind.Kind {
			p.Secret = clusterSecrets + "/" + name
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
