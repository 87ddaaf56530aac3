package health

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// issuingTime is how long a certificate or issuer may take before "not ready yet"
// becomes "failing". In-cluster issuers answer in seconds, ACME in minutes.
const issuingTime = 5 * time.Minute

// Expiry is when a Certificate's stored certificate ends, zero when it has none.
func Expiry(certificate *unstructured.Unstructured) time.Time {
	return field.Time(certificate.Object, "status", "notAfter")
}

// certificate judges a cert-manager Certificate (v1.21, conditions Ready and
// Issuing). The end is checked against the snapshot's moment, not only against
// what cert-manager last wrote.
func (a *Assessor) certificate(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready, issuing, expiry := conditionOf(obj, "Ready"), conditionOf(obj, "Issuing"), Expiry(obj)
	attempts := field.Int(obj.Object, "status", "failedIssuanceAttempts")
	switch {
	case !expiry.IsZero() && !a.now.Before(expiry):
		return v.be(Failing, "Expired", "it ended "+duration.HumanDuration(a.now.Sub(expiry))+" ago", expiry)
	case ready.is("True") && ready.outdated(obj):
		return newSpec(obj, v)
	case ready.is("True") && a.secretGone(obj):
		return v.be(Failing, "SecretMissing", "its Secret "+field.Text(obj.Object, "spec", "secretName")+" does not exist", time.Time{})
	case ready.is("True") && expiry.IsZero():
		return v.be(Ready, "", "", ready.since)
	case ready.is("True"):
		return v.be(Ready, "", "valid for "+duration.HumanDuration(expiry.Sub(a.now)), ready.since)
	case attempts > 0:
		return notIssued(obj, v, attempts)
	case issuing.is("True"):
		return a.impatient(obj, v, issuing, ready.reason)
	default:
		return a.impatient(obj, v, ready, ready.reason)
	}
}

// secretGone tells whether the Secret of a Certificate is known not to exist.
// cert-manager creates it again within seconds, unless it is down.
func (a *Assessor) secretGone(obj *unstructured.Unstructured) bool {
	name := field.Text(obj.Object, "spec", "secretName")
	secret := finding.Ref{APIVersion: "v1", Kind: "Secret", Namespace: obj.GetNamespace(), Name: name}
	return name != "" && a.snap.Lookup(secret).Presence == snapshot.Absent
}

// notIssued is the verdict on a certificate whose issuing has failed. Until the
// next attempt, the Issuing condition says why; Ready says only that there is no
// certificate (cert-manager, issuing_controller.go).
func notIssued(obj *unstructured.Unstructured, v Verdict, attempts int64) Verdict {
	why := conditionOf(obj, "Issuing")
	if !why.is("False") {
		why = conditionOf(obj, "Ready")
	}
	times := "once"
	if attempts > 1 {
		times = fmt.Sprintf("%d times", attempts)
	}
	return v.be(Failing, why.reason, "issuing it failed "+times+": "+brief(why.message), field.Time(obj.Object, "status", "lastFailureTime"))
}

// newSpec is the verdict on what was ready before its spec was changed.
func newSpec(obj *unstructured.Unstructured, v Verdict) Verdict {
	return v.be(Progressing, "NotYetReconciled", "cert-manager has not acted on its newest spec yet", unseenSince(obj))
}

// impatient calls what is not ready Progressing at first, later Failing.
func (a *Assessor) impatient(obj *unstructured.Unstructured, v Verdict, c condition, reason string) Verdict {
	if c.since.IsZero() {
		c.since = obj.GetCreationTimestamp().Time
	}
	if reason == "" {
		reason, c.message = "NotYetReconciled", "cert-manager has not acted on it yet"
	}
	status := Progressing
	if a.now.Sub(c.since) > issuingTime {
		status = Failing
	}
	return v.be(status, reason, brief(c.message), c.since)
}

// issuer judges an Issuer or ClusterIssuer.
func (a *Assessor) issuer(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready := conditionOf(obj, "Ready")
	switch {
	case ready.is("True") && ready.outdated(obj):
		return newSpec(obj, v)
	case ready.is("True"):
		return v.be(Ready, "", brief(ready.message), ready.since)
	case ready.is("False"):
		return v.be(Failing, ready.reason, brief(ready.message), ready.since)
	default:
		return a.impatient(obj, v, ready, ready.reason)
	}
}
