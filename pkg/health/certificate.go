package health

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// issuingTime is how long a certificate or issuer may take before "not ready yet"
// becomes "failing". In-cluster issuers answer in seconds, ACME in minutes.
const issuingTime = 5 * time.Minute

// Expiry is when the stored certificate of a Certificate expires, zero if there is
// none.
func Expiry(certificate *unstructured.Unstructured) time.Time {
	return object.Time(certificate.Object, "status", "notAfter")
}

// certificate judges a cert-manager Certificate (v1.21, conditions Ready and Issuing).
// The expiry is compared with the time of the snapshot, not only with what cert-manager
// last wrote.
func (a *Assessor) certificate(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready, issuing, expiry := object.ConditionOf(obj, "Ready"), object.ConditionOf(obj, "Issuing"), Expiry(obj)
	attempts := object.Int(obj.Object, "status", "failedIssuanceAttempts")
	switch {
	case !expiry.IsZero() && !a.now.Before(expiry):
		return v.with(Failing, Expired, "it expired "+duration.HumanDuration(a.now.Sub(expiry))+" ago", expiry)
	case ready.Is("True") && ready.Outdated(obj):
		return newSpec(obj, v)
	case ready.Is("True") && a.secretGone(obj):
		return v.with(Failing, SecretMissing, "its Secret "+object.Text(obj.Object, "spec", "secretName")+" does not exist", time.Time{})
	case ready.Is("True") && expiry.IsZero():
		return v.with(Ready, "", "", ready.Since)
	case ready.Is("True"):
		return v.with(Ready, "", "valid for "+duration.HumanDuration(expiry.Sub(a.now)), ready.Since)
	case attempts > 0:
		return notIssued(obj, v, attempts)
	case issuing.Is("True"):
		return a.progressingOrFailing(obj, v, issuing, ready.Reason)
	default:
		return a.progressingOrFailing(obj, v, ready, ready.Reason)
	}
}

// secretGone reports whether the Secret of a Certificate is known not to exist.
// cert-manager creates it again within seconds, unless it is down.
func (a *Assessor) secretGone(obj *unstructured.Unstructured) bool {
	name := object.Text(obj.Object, "spec", "secretName")
	secret := object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: obj.GetNamespace(), Name: name}
	return name != "" && a.snap.Lookup(secret).Presence == snapshot.Absent
}

// notIssued is the verdict on a certificate whose issuance has failed. Until the next
// attempt, the Issuing condition has the reason; Ready only reports that there is no
// certificate (cert-manager, issuing_controller.go).
func notIssued(obj *unstructured.Unstructured, v Verdict, attempts int64) Verdict {
	why := object.ConditionOf(obj, "Issuing")
	if !why.Is("False") {
		why = object.ConditionOf(obj, "Ready")
	}
	times := "once"
	if attempts > 1 {
		times = fmt.Sprintf("%d times", attempts)
	}
	v.Statement = statementOf(why)
	return v.with(Failing, Reason(why.Reason), "issuing it failed "+times+": "+FirstLine(why.Message), object.Time(obj.Object, "status", "lastFailureTime"))
}

// newSpec is the verdict on a certificate that was ready before its spec changed.
func newSpec(obj *unstructured.Unstructured, v Verdict) Verdict {
	return v.with(Progressing, NotYetReconciled, "cert-manager has not acted on its newest spec yet", unobservedSince(obj))
}

// progressingOrFailing is Progressing at first, and later Failing.
func (a *Assessor) progressingOrFailing(obj *unstructured.Unstructured, v Verdict, c object.Condition, reason string) Verdict {
	if c.Since.IsZero() {
		c.Since = obj.GetCreationTimestamp().Time
	}
	statement := statementOf(c)
	if reason == "" {
		reason, c.Message, statement = string(NotYetReconciled), "cert-manager has not acted on it yet", Statement{}
	}
	status := Progressing
	if a.now.Sub(c.Since) > issuingTime {
		status = Failing
	}
	v.Statement = statement
	return v.with(status, Reason(reason), FirstLine(c.Message), c.Since)
}

// issuer judges an Issuer or ClusterIssuer.
func (a *Assessor) issuer(obj *unstructured.Unstructured, v Verdict) Verdict {
	ready := object.ConditionOf(obj, "Ready")
	switch {
	case ready.Is("True") && ready.Outdated(obj):
		return newSpec(obj, v)
	case ready.Is("True"):
		return v.with(Ready, "", FirstLine(ready.Message), ready.Since)
	case ready.Is("False"):
		return v.FromCondition(Failing, ready)
	default:
		return a.progressingOrFailing(obj, v, ready, ready.Reason)
	}
}
