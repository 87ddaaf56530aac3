package health

import (
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Reason is why a verdict is not Ready, in one word: the reason of the condition or
// event that it is based on, as the controller wrote it ("InvalidImageName"), or one of
// those below, which this package defines.
type Reason string

// The reasons that no controller writes.
const (
	// NotFound: the object does not exist.
	NotFound Reason = "NotFound"
	// NoRule: there is no rule for the readiness of objects of its kind.
	NoRule Reason = "NoRule"
	// SpecSuspended: spec.suspend is set.
	SpecSuspended Reason = "Suspended"
	// ScaledToZero: spec.replicas is 0.
	ScaledToZero Reason = "ScaledToZero"
	// Deleting: the object is being deleted.
	Deleting Reason = "Terminating"
	// Stale: its controller has not reported for too long.
	Stale Reason = "Stale"
	// NotYetReconciled: its controller has not observed its newest spec yet.
	NotYetReconciled Reason = "NotYetReconciled"
	// NotYetObserved: Kubernetes has not observed its newest spec yet.
	NotYetObserved Reason = "NotYetObserved"
	// NeverReconciled: no controller has written a status.
	NeverReconciled Reason = "NeverReconciled"
	// Stuck: Flux started to reconcile the object, but neither continued nor reported
	// an error within the timeout of the object.
	Stuck Reason = "Stuck"
	// DependencyCycle: it depends on itself, directly or indirectly.
	DependencyCycle Reason = "DependencyCycle"
	// DependencyMissing: it depends on an object that does not exist.
	DependencyMissing Reason = "DependencyNotFound"
	// RollingOut: not all pods of its newest template are ready yet.
	RollingOut Reason = "RollingOut"
	// ReplicasNotReady: fewer pods are ready than it should have.
	ReplicasNotReady Reason = "ReplicasNotReady"
	// SecretMissing: the Secret of an issued certificate does not exist.
	SecretMissing Reason = "SecretMissing"
	// Expired: the certificate has expired.
	Expired Reason = "Expired"
	// NoAddress: a load balancer has no address.
	NoAddress Reason = "NoAddress"
	// NoParents: a route names no Gateway.
	NoParents Reason = "NoParents"
)

// The reasons of Flux's conditions that decide what a verdict is.
const (
	// underway: an attempt is in progress (fluxcd/pkg/apis/meta v1.30,
	// ProgressingReason).
	underway Reason = "Progressing"
	// Canceled: Flux canceled the health checks of a layer in order to start again
	// (kustomize-controller 1.9, HealthCheckCanceledReason).
	Canceled Reason = "HealthCheckCanceled"
)

// Statement is what a controller reports about an object, as it is in the cluster.
type Statement struct {
	// Field is the field that has it: "status.conditions[Ready]", or "event
	// HealthCheckFailed" for a Warning event about the object. It is empty for the
	// zero Statement.
	Field string
	// Reason and Message are those of the condition or event; the message is complete.
	Reason, Message string
	// At is the lastTransitionTime of the condition, or the time of the last
	// occurrence of the event.
	At time.Time
}

func statementOf(c object.Condition) Statement {
	return Statement{c.Path, c.Reason, c.Message, c.Since}
}

func (w Warning) statement() Statement { return Statement{w.Field(), w.Reason, w.Message, w.Last} }
