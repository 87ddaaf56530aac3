// Package health judges single objects: is it ready, on its way, switched off,
// failing, or can't it be told? It is stricter than kstatus, which counts an
// object as fine when it has no conditions, a failing one as merely in progress
// until it stalls, and a load balancer as ready before it has an address.
//
// It is pure: it reads a snapshot and the snapshot's own moment, nothing else.
package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Status is the verdict in a word.
type Status string

// The five verdicts.
const (
	// Ready: it does what its spec asks, as of its newest generation.
	Ready Status = "Ready"
	// Progressing: not there yet, and nothing says that it won't be.
	Progressing Status = "Progressing"
	// Suspended: somebody switched it off.
	Suspended Status = "Suspended"
	// Failing: its last try failed, or what it needs is broken.
	Failing Status = "Failing"
	// Unknown: it could not be read, or what was read can't be trusted.
	Unknown Status = "Unknown"
)

// rank orders the verdicts by how much they weigh against a tenant. Unknown
// weighs less than whatever is known to be wrong, but more than Ready.
var rank = map[Status]int{Ready: 0, Unknown: 1, Suspended: 2, Progressing: 3, Failing: 4}

// Worse tells whether s weighs more than other.
func (s Status) Worse(other Status) bool { return rank[s] > rank[other] }

// Verdict is what is to be said of one object.
type Verdict struct {
	Ref    finding.Ref
	Status Status
	// Reason is why, empty when Ready.
	Reason Reason
	// Message is a short sentence for people, without a full stop. It is to be
	// read, not parsed: Statement has the controller's words.
	Message string
	// Statement is what the verdict goes by in a controller's words; the zero Statement
	// where it goes by other fields.
	Statement Statement
	// Since is when the verdict began, zero when it can't be known.
	Since time.Time
	// WaitsFor are the objects that have to be ready first.
	WaitsFor []finding.Ref
	// Renewing is set on what is Ready by its last try while Flux is bringing
	// it to a newer revision.
	Renewing bool
}

func (v Verdict) with(status Status, reason Reason, message string, since time.Time) Verdict {
	v.Status, v.Reason, v.Message, v.Since = status, reason, message, since
	return v
}

// FromCondition is the verdict that a condition gives.
func (v Verdict) FromCondition(status Status, c field.Condition) Verdict {
	v.Statement = statementOf(c)
	return v.with(status, Reason(c.Reason), brief(c.Message), c.Since)
}

// Assessor judges the objects of one snapshot, each at most once. It is not
// safe for use from several goroutines.
type Assessor struct {
	snap     *snapshot.Snapshot
	now      time.Time
	verdicts map[finding.Key]Verdict
	// Warnings are the Warning events of the snapshot.
	Warnings Warnings
	pods     map[podOwner][]*unstructured.Unstructured
	leases   map[string]time.Time
	knots    *cycles
}

// New is an Assessor for the snapshot, at the snapshot's own moment.
func New(snap *snapshot.Snapshot) *Assessor {
	a := &Assessor{
		snap:     snap,
		now:      snap.Meta().At,
		verdicts: map[finding.Key]Verdict{},
	}
	a.Warnings = WarningsIn(snap)
	a.pods = troubledPods(snap)
	a.leases = renewals(snap)
	return a
}

// assessors has one judge a kind.
var assessors map[schema.GroupKind]func(*Assessor, *unstructured.Unstructured, Verdict) Verdict

func init() { // an init, since the judges look each other up
	assessors = map[schema.GroupKind]func(*Assessor, *unstructured.Unstructured, Verdict) Verdict{
		KustomizationKind:    (*Assessor).kustomization,
		HelmReleaseKind:      (*Assessor).helmRelease,
		GitRepositoryKind:    (*Assessor).source,
		OCIRepositoryKind:    (*Assessor).source,
		BucketKind:           (*Assessor).source,
		ExternalArtifactKind: (*Assessor).source,
		DeploymentKind:       (*Assessor).deployment,
		StatefulSetKind:      (*Assessor).statefulSet,
		CertificateKind:      (*Assessor).certificate,
		IssuerKind:           (*Assessor).issuer,
		ClusterIssuerKind:    (*Assessor).issuer,
		ServiceKind:          (*Assessor).service,
		GatewayKind:          (*Assessor).present,
		VirtualServiceKind:   (*Assessor).present,
		IngressKind:          (*Assessor).ingress,
		GatewayClassKind:     (*Assessor).gatewayClass,
		APIGatewayKind:       (*Assessor).apiGateway,
		HTTPRouteKind:        (*Assessor).route,
		GRPCRouteKind:        (*Assessor).route,
		TLSRouteKind:         (*Assessor).route,
		TCPRouteKind:         (*Assessor).route,
		UDPRouteKind:         (*Assessor).route,
	}
}

// Of judges the object that ref names. An object that the cluster does not
// have is Failing (NotFound); one that could not be read is Unknown.
func (a *Assessor) Of(ref finding.Ref) Verdict {
	key := ref.Key()
	if verdict, ok := a.verdicts[key]; ok {
		return verdict
	}
	verdict := Verdict{Ref: ref}
	answer := a.snap.Lookup(ref)
	switch {
	case answer.Presence == snapshot.Unknown:
		verdict = verdict.with(Unknown, Reason(answer.Why.Why), answer.Why.String(), time.Time{})
	case answer.Presence == snapshot.Absent:
		verdict = verdict.with(Failing, NotFound, ref.String()+" does not exist", time.Time{})
	default:
		verdict = a.judge(answer.Object)
	}
	a.verdicts[key] = verdict
	return verdict
}

func (a *Assessor) judge(obj *unstructured.Unstructured) Verdict {
	verdict := Verdict{Ref: finding.RefOf(obj)}
	if obj.GetDeletionTimestamp() != nil {
		return a.terminating(obj, verdict)
	}
	assess := assessors[verdict.Ref.GroupKind()]
	if assess == nil {
		return verdict.with(Unknown, NoRule, "there is no rule for the readiness of a "+obj.GetKind(), time.Time{})
	}
	return assess(a, obj, verdict)
}

// present is the judge of kinds that have no status of their own.
func (a *Assessor) present(obj *unstructured.Unstructured, v Verdict) Verdict {
	return v.with(Ready, "", "", obj.GetCreationTimestamp().Time)
}
