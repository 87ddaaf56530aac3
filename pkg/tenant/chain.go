package tenant

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// chain is a tenant's Status in the making.
type chain struct {
	snap     *snapshot.Snapshot
	assessor *health.Assessor
	tenant   Tenant
	links    []Link
	unknown  []snapshot.Failure
	served   map[string]bool // Secrets that Gateways serve, as namespace/name
	certs    []*unstructured.Unstructured
}

func (c *chain) add(section Section, ref finding.Ref, detail string) health.Verdict {
	verdict := c.assessor.Of(ref)
	c.links = append(c.links, Link{Section: section, Verdict: verdict, Detail: detail})
	return verdict
}

// list gives the tenant's objects of a kind. What may not be read becomes a
// link of its own, so that the tenant can't look ready without it; a kind that
// the cluster does not serve has simply not been installed yet.
func (c *chain) list(section Section, kind schema.GroupKind) []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	for _, namespace := range c.tenant.Namespaces {
		listing := c.snap.List(kind, namespace)
		objects = append(objects, listing.Objects...)
		for _, why := range listing.Unknown {
			c.unreadable(section, kind, namespace, why)
		}
	}
	return objects
}

func (c *chain) unreadable(section Section, kind schema.GroupKind, namespace string, why snapshot.Failure) {
	if why.Why == snapshot.NotServed {
		return
	}
	ref := finding.Ref{APIVersion: kind.Group, Kind: kind.Kind, Namespace: namespace}
	verdict := health.Verdict{Ref: ref, Status: health.Unknown, Reason: string(why.Why), Message: why.String()}
	same := func(l Link) bool { return l.Ref == ref && l.Message == verdict.Message }
	if !slices.ContainsFunc(c.links, same) {
		c.links = append(c.links, Link{Section: section, Verdict: verdict})
	}
	c.note(why)
}

func (c *chain) note(why snapshot.Failure) {
	if !slices.Contains(c.unknown, why) {
		c.unknown = append(c.unknown, why)
	}
}

// layers adds the sources, and the Kustomizations in their order.
func (c *chain) layers(s *Status) {
	unread := c.snap.List(health.KustomizationKind, "").Unknown
	if len(unread) > 0 {
		s.Layers = -1
	} else {
		s.Layers = len(c.tenant.Layers)
	}
	var sources []finding.Ref
	for _, l := range c.tenant.Layers {
		if obj := c.snap.Lookup(l.Ref).Object; obj != nil {
			if ref := health.SourceOf(obj); !slices.ContainsFunc(sources, ref.Same) {
				sources = append(sources, ref)
			}
		}
	}
	for _, ref := range sources {
		c.add(Sources, ref, "")
	}
	for _, l := range c.tenant.Layers {
		section := OwnLayers
		if l.Shared {
			section = SharedLayers
		}
		if c.add(section, l.Ref, "").Status == health.Ready {
			s.LayersReady++
		}
		if obj := c.snap.Lookup(l.Ref).Object; obj != nil && !l.Shared {
			s.Revision = field.Text(obj.Object, "status", "lastAppliedRevision")
		}
	}
	for _, why := range unread {
		c.unreadable(OwnLayers, health.KustomizationKind, "", why)
	}
}

func (c *chain) releases() {
	for _, release := range c.list(Releases, health.HelmReleaseKind) {
		c.add(Releases, finding.RefOf(release), "")
	}
}

// workloads adds what runs in the tenant's namespaces and counts Orthanc and
// the database. No health check of Korthweb's looks at the database.
func (c *chain) workloads(s *Status) {
	known := map[schema.GroupKind]bool{}
	var databases []*unstructured.Unstructured
	for _, kind := range workloadKinds {
		before := len(c.unknown)
		for _, workload := range c.list(Workloads, kind) {
			switch {
			case IsDatabase(workload):
				databases = append(databases, workload)
				continue
			case IsOrthanc(workload):
				s.Orthanc.count(workload)
			}
			c.add(Workloads, finding.RefOf(workload), "")
		}
		known[kind] = len(c.unknown) == before
	}
	for _, database := range databases {
		s.Database.count(database)
		c.add(Database, finding.RefOf(database), "")
	}
	s.Orthanc.Known = s.Orthanc.Wanted > 0 || known[health.DeploymentKind] && known[health.StatefulSetKind]
	s.Database.Known = s.Database.Wanted > 0 || known[health.StatefulSetKind]
}

func (r *Replicas) count(workload *unstructured.Unstructured) {
	ready, wanted := health.Replicas(workload)
	r.Ready += ready
	r.Wanted += wanted
}

// certificates adds the tenant's certificates, each behind its issuer.
func (c *chain) certificates() {
	c.certs = c.list(Certificates, health.CertificateKind)
	var issuers []finding.Ref
	for _, certificate := range c.certs {
		issuer := issuerOf(certificate)
		if issuer.Kind != "" && !slices.ContainsFunc(issuers, issuer.Same) {
			issuers = append(issuers, issuer)
			c.add(Certificates, issuer, "")
		}
		c.add(Certificates, finding.RefOf(certificate), certifies(certificate)+", by "+issuer.Name)
	}
}

// certifies is what a Certificate is for: its names, or that it is an authority.
func certifies(certificate *unstructured.Unstructured) string {
	if names := field.Texts(certificate.Object, "spec", "dnsNames"); len(names) > 0 {
		return strings.Join(names, ", ")
	}
	if field.Bool(certificate.Object, "spec", "isCA") {
		return "CA " + field.Text(certificate.Object, "spec", "commonName")
	}
	return field.Text(certificate.Object, "spec", "commonName")
}

// issuerOf is the object in a Certificate's issuerRef, the zero Ref when it is
// an external issuer's, of whose kind nothing is known here.
func issuerOf(certificate *unstructured.Unstructured) finding.Ref {
	ref := field.Map(certificate.Object, "spec", "issuerRef")
	group, kind := field.Text(ref, "group"), field.Text(ref, "kind")
	if group != "" && group != health.IssuerKind.Group {
		return finding.Ref{Name: field.Text(ref, "name")}
	}
	issuer := finding.Ref{APIVersion: certificate.GetAPIVersion(), Kind: kind, Name: field.Text(ref, "name")}
	if issuer.Kind != health.ClusterIssuerKind.Kind {
		issuer.Kind, issuer.Namespace = health.IssuerKind.Kind, certificate.GetNamespace()
	}
	return issuer
}

// servedUntil is the first end among the certificates that the Gateways serve;
// where no Gateway names one, among all that are not authorities.
func (c *chain) servedUntil() time.Time {
	var served, any time.Time
	for _, certificate := range c.certs {
		end := health.Expiry(certificate)
		secret := certificate.GetNamespace() + "/" + field.Text(certificate.Object, "spec", "secretName")
		if c.served[secret] {
			served = earlier(served, end)
		}
		if !field.Bool(certificate.Object, "spec", "isCA") {
			any = earlier(any, end)
		}
	}
	if !served.IsZero() {
		return served
	}
	return any
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// sideKinds notes what would have sharpened the verdicts but may not be read.
// Without it a verdict is less exact, not wrong.
func (c *chain) sideKinds() {
	for _, kind := range []schema.GroupKind{health.PodKind, health.EventKind, health.LeaseKind} {
		listing := c.snap.List(kind, c.tenant.Namespaces[0])
		for _, why := range listing.Unknown {
			c.note(why)
		}
	}
}
