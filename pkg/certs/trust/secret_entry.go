package trust

import (
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// secretEntry is the entry of a Secret without a known Certificate. It is not renewed
// automatically.
func (r *reader) secretEntry(tenant string, secret object.Ref) Entry {
	e := Entry{Tenant: tenant, Ref: secret, Secret: secret, Verdict: health.Verdict{Ref: secret}}
	e.Unknown = withoutNotServed(r.snap.List(object.CertificateKind, secret.Namespace).Unknown)
	stored, from, unknown := r.storedIn(secret, nil)
	e.Unknown = append(e.Unknown, unknown...)
	if len(stored) > 0 {
		e.known(stored, from)
	}
	v, now := &e.Verdict, r.snap.Meta().At
	switch {
	case len(unknown) > 0:
		v.Status, v.Reason, v.Message = health.Unknown, health.Reason(unknown[0].Reason), unknown[0].String()
	case r.snap.Lookup(secret).Presence == snapshot.Absent:
		v.Status, v.Reason, v.Message = health.Failing, "NotFound", secret.String()+" does not exist"
	case len(stored) == 0:
		v.Status, v.Reason, v.Message = health.Unknown, "NoCertificate", "its tls.crt contains no readable certificate"
	default:
		e.dated(now)
	}
	return e
}

// dated judges a Secret's certificate by its dates.
func (e *Entry) dated(now time.Time) {
	v := &e.Verdict
	switch {
	case now.Before(e.NotBefore):
		v.Status, v.Reason = health.Failing, "NotYetValid"
		v.Message = "it becomes valid in " + duration.HumanDuration(e.NotBefore.Sub(now))
	case !now.Before(e.NotAfter):
		v.Status, v.Reason, v.Since = health.Failing, "Expired", e.NotAfter
		v.Message = "it expired " + duration.HumanDuration(now.Sub(e.NotAfter)) + " ago"
	default:
		v.Status = health.Ready
		v.Message = "valid for " + duration.HumanDuration(e.NotAfter.Sub(now)) + "; it is not renewed automatically"
	}
}
