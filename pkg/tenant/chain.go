package tenant

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// chain builds the Status of a tenant.
type chain struct {
	*cluster
	tenant  Tenant
	links   []Link
	unknown []snapshot.Failure
}

// status builds the chain and summarizes it.
func (c *chain) status() Status {
	s := Status{Name: c.tenant.Name, Namespaces: c.tenant.Namespaces}
	c.addLayers(&s)
	c.releases()
	c.workloads(&s)
	c.missingObjects()
	ingress := c.tenantIngress()
	c.certificates(&s, ingress)
	c.gateways(&s, ingress)
	c.ingress(&s, ingress)
	c.noteOptionalKinds()
	s.Verdict = c.verdict()
	s.Chain, s.Unknown = c.links, c.unknown
	return s
}

func (c *chain) verdict() health.Verdict {
	if len(c.links) == 0 {
		return c.emptyVerdict()
	}
	return worstOf(c.links)
}

// add judges an object and adds it to the chain.
func (c *chain) add(section Section, ref object.Ref, detail string) health.Verdict {
	verdict := c.assessor.Of(ref)
	answer := c.snap.Lookup(ref)
	c.links = append(c.links, Link{Section: section, Verdict: verdict, Detail: detail, Deadline: health.Deadline(answer.Object, verdict)})
	if answer.Presence == snapshot.Unknown {
		c.note(*answer.Failure)
	}
	return verdict
}

// list returns the objects of the tenant of a kind, and whether they are all. A kind
// that can't be read becomes a link, so that the tenant can't look ready without it; a
// kind that the cluster does not serve is not installed yet.
func (c *chain) list(section Section, kind schema.GroupKind) (objects []*unstructured.Unstructured, complete bool) {
	complete = true
	for _, namespace := range c.tenant.Namespaces {
		listing := c.snap.List(kind, namespace)
		objects = append(objects, listing.Objects...)
		complete = c.readable(section, kind, namespace, listing.Unknown) && complete
	}
	return objects, complete
}

// readable reports whether the kind could be read in the namespace, and otherwise adds
// the reason to the chain.
func (c *chain) readable(section Section, kind schema.GroupKind, namespace string, why []snapshot.Failure) bool {
	complete := true
	for _, failure := range why {
		if failure.Reason == snapshot.NotServed {
			continue
		}
		complete = false
		ref := object.Ref{APIVersion: kind.Group, Kind: kind.Kind, Namespace: namespace}
		verdict := health.Verdict{Ref: ref, Status: health.Unknown, Reason: health.Reason(failure.Reason), Message: failure.String()}
		c.links = append(c.links, Link{Section: section, Verdict: verdict})
		c.note(failure)
	}
	return complete
}

func (c *chain) note(why snapshot.Failure) {
	if !slices.Contains(c.unknown, why) {
		c.unknown = append(c.unknown, why)
	}
}

// noteOptionalKinds records which kinds would improve the verdicts or show more of the tenant
// but can't be read. Without them, a verdict is less exact, not wrong.
func (c *chain) noteOptionalKinds() {
	var flux []string // where the layers and the controllers are
	for _, l := range c.tenant.Layers {
		if !slices.Contains(flux, l.Ref.Namespace) {
			flux = append(flux, l.Ref.Namespace)
		}
	}
	for _, why := range c.moreTenants {
		c.note(why)
	}
	for _, namespace := range c.tenant.Namespaces {
		c.noteKind(object.PodKind, namespace)
		c.noteEvents(namespace, c.snap.List(object.HelmReleaseKind, namespace).Objects)
	}
	for _, namespace := range flux {
		var layers []*unstructured.Unstructured
		for _, l := range c.tenant.Layers {
			if obj := c.snap.Lookup(l.Ref).Object; obj != nil && l.Ref.Namespace == namespace {
				layers = append(layers, obj)
			}
		}
		c.noteEvents(namespace, layers)
		c.noteKind(object.LeaseKind, namespace)
	}
}

// noteEvents is noteKind for the events about objects of Flux, which are requested only if the
// state of one of the objects depends on them.
func (c *chain) noteEvents(namespace string, about []*unstructured.Unstructured) {
	needed := slices.ContainsFunc(about, health.NeedsWarnings)
	for _, why := range c.snap.List(object.EventKind, namespace).Unknown {
		if needed || why.Reason != snapshot.NotRequested {
			c.note(why)
		}
	}
}

func (c *chain) noteKind(kind schema.GroupKind, namespace string) {
	for _, why := range c.snap.List(kind, namespace).Unknown {
		c.note(why)
	}
}
