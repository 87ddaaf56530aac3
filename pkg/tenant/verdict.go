package tenant

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// depths are the depths of the sections in the chain. If several objects fail, the
// deepest is nearest to the cause: the layers above fail because of it. A source that
// can't be fetched blocks layers, but does not affect what already runs.
var depths = map[Section]int{
	SharedLayers: 1, OwnLayers: 2, Sources: 3, Releases: 4, Gateways: 5, Ingress: 5,
	Workloads: 6, Certificates: 6, Database: 7,
}

// depth is how near to the cause the link is.
func (l Link) depth() int {
	if len(l.WaitsFor) > 0 {
		return 0
	}
	return depths[l.Section]
}

// worstOf selects the link that determines the verdict, and if there is no problem, since
// when.
func worstOf(links []Link) health.Verdict {
	decides := links[0]
	for _, link := range links[1:] {
		nearer := link.Status == decides.Status && link.depth() > decides.depth()
		if link.Status.Worse(decides.Status) || nearer {
			decides = link
		}
	}
	if decides.Status != health.Ready {
		return resolveWaiting(decides, links)
	}
	ready := health.Verdict{Status: health.Ready}
	for _, link := range links {
		layer := link.Section == SharedLayers || link.Section == OwnLayers
		if layer && link.Since.After(ready.Since) {
			ready.Since = link.Since
		}
	}
	return ready
}

// resolveWaiting replaces a link that only waits by what it waits for. That has less weight by
// itself: it is suspended, which then explains everything, or can't be read, in which
// case the tenant is certainly not ready.
func resolveWaiting(decides Link, links []Link) health.Verdict {
	cause := decides.Verdict
	for range links { // a cycle must end
		next := slices.IndexFunc(links, func(l Link) bool {
			return l.Status != health.Ready && slices.ContainsFunc(cause.WaitsFor, l.Ref.Same)
		})
		if next < 0 {
			break
		}
		cause = links[next].Verdict
	}
	switch {
	case len(cause.WaitsFor) > 0: // a cycle, or something outside of the chain
		return decides.Verdict
	case cause.Status == health.Suspended:
		return cause
	}
	verdict := decides.Verdict
	verdict.Ref = cause.Ref
	return verdict
}

// emptyVerdict is the verdict on a tenant without any object. If everything could be read,
// the objects are missing in the cluster, not in the snapshot.
func (c *chain) emptyVerdict() health.Verdict {
	if len(c.unknown) > 0 {
		return health.Verdict{Status: health.Unknown, Message: "none of its objects could be read"}
	}
	ref := object.Ref{APIVersion: "v1", Kind: object.NamespaceKind.Kind, Name: c.tenant.Namespaces[0]}
	return health.Verdict{Ref: ref, Status: health.Failing, Reason: "Empty",
		Message: "nothing runs in it, and no layer applies anything to it"}
}
