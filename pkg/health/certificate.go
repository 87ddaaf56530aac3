package health

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// issuing is how long a certificate or issuer may take before "not ready yet"
// becomes "failing". In-cluster issuers answer in seconds, ACME in minutes.
const issuing = 5 * time.Minute

// Expiry is when a Certificate's stored certificate ends, zero when it has none.
func Expiry(certificate *unstructured.Unstructured) time.Time {
	return field.Time(certificate.Object, "status", "notAfter")
}

// certificate judges a cert-manager Certificate (v1.21, conditions Ready and
// Issuing). The end is checked against the snapshot's moment, not only against
// what cert-manager last wrote.
func (a *Assessor) certificate(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready, expiry := conditionOf(obj, "Ready"), Expiry(obj)
	attempts := field.Int(obj.Object, "status", "failedIssuanceAttempts")
	switch {
	case !expiry.IsZero() && !a.now.Before(expiry):
		return v.be(Failing, "Expired", "it ended "+duration.HumanDuration(a.now.Sub(expiry))+" ago", expiry)
	case ready.is("True") && !outdated(ready, obj):
		return v.be(Ready, "", "valid for "+duration.HumanDuration(expiry.Sub(a.now)), ready.since)
	case attempts > 0:
		return v.be(Failing, ready.reason, fmt.Sprintf("issuing it failed %d times: %s", attempts, brief(ready.message)),
			field.Time(obj.Object, "status", "lastFailureTime"))
	case conditionOf(obj, "Issuing").is("True"):
		return a.impatient(v, conditionOf(obj, "Issuing"), ready.reason)
	default:
		if ready.since.IsZero() {
			ready.since = obj.GetCreationTimestamp().Time
		}
		return a.impatient(v, ready, ready.reason)
	}
}

// outdated leaves status.observedGeneration out: cert-manager's objects have
// it in their conditions alone.
func outdated(c condition, obj *unstructured.Unstructured) bool {
	return c.observedGeneration > 0 && c.observedGeneration < obj.GetGeneration()
}

// impatient calls what is not ready Progressing at first, later Failing.
func (a *Assessor) impatient(v Verdict, c condition, reason string) Verdict {
	status := Progressing
	if a.now.Sub(c.since) > issuing {
		status = Failing
	}
	if reason == "" {
		reason, c.message = "NotYetReconciled", "cert-manager has not looked at it yet"
	}
	return v.be(status, reason, brief(c.message), c.since)
}

// issuer judges an Issuer or ClusterIssuer.
func (a *Assessor) issuer(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready := conditionOf(obj, "Ready")
	switch {
	case ready.is("True") && !outdated(ready, obj):
		return v.be(Ready, "", brief(ready.message), ready.since)
	case ready.is("False"):
		return v.be(Failing, ready.reason, brief(ready.message), ready.since)
	default:
		if ready.since.IsZero() {
			ready.since = obj.GetCreationTimestamp().Time
		}
		return a.impatient(v, ready, ready.reason)
	}
}
