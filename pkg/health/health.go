// Package health judges single objects: is it ready, progressing, suspended, failing,
// or is its state unknown? It is stricter than kstatus, which reports an object
// without conditions as ready, a failing one as in progress until it has the condition
// Stalled, and a load balancer as ready before it has an address.
//
// It is pure: it reads a snapshot and the time of the snapshot, nothing else.
package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Status is the verdict in one word.
type Status string

// The five verdicts.
const (
	// Ready: it does what its spec requires, as of its newest generation.
	Ready Status = "Ready"
	// Progressing: it is not ready yet, and nothing indicates that it won't be.
	Progressing Status = "Progressing"
	// Suspended: a user has suspended it or scaled it to zero.
	Suspended Status = "Suspended"
	// Failing: its last attempt failed, or what it needs is broken.
	Failing Status = "Failing"
	// Unknown: it could not be read, or what was read can't be trusted.
	Unknown Status = "Unknown"
)

// rank orders the verdicts by their weight for a tenant. Unknown has less weight than
// any known problem, but more than Ready.
var rank = map[Status]int{Ready: 0, Unknown: 1, Suspended: 2, Progressing: 3, Failing: 4}

// Worse reports whether s has more weight than other.
func (s Status) Worse(other Status) bool { return rank[s] > rank[other] }

// Verdict is the judgement of one object.
type Verdict struct {
	Ref    object.Ref
	Status Status
	// Reason is why, empty when Ready.
	Reason Reason
	// Message is a short sentence for people, without a period. Don't parse it:
	// Statement has the message of the controller.
	Message string
	// Statement is the statement of a controller that the verdict is based on; the
	// zero Statement if it is based on other fields.
	Statement Statement
	// Since is when the verdict began, zero if that is not known.
	Since time.Time
	// WaitsFor are the objects that have to be ready first.
	WaitsFor []object.Ref
	// Renewing is set if the last attempt succeeded and Flux is applying a newer
	// revision.
	Renewing bool
}

func (v Verdict) with(status Status, reason Reason, message string, since time.Time) Verdict {
	v.Status, v.Reason, v.Message, v.Since = status, reason, message, since
	return v
}

// FromCondition is the verdict that a condition gives.
func (v Verdict) FromCondition(status Status, c object.Condition) Verdict {
	v.Statement = statementOf(c)
	return v.with(status, Reason(c.Reason), FirstLine(c.Message), c.Since)
}

// Assessor judges the objects of one snapshot, each at most once. It is not
// safe for use from several goroutines.
type Assessor struct {
	snap     *snapshot.Snapshot
	now      time.Time
	verdicts map[object.Key]Verdict
	// Warnings are the Warning events of the snapshot.
	Warnings Warnings
	pods     map[podOwner][]*unstructured.Unstructured
	leases   map[string]time.Time
	loops    *cycles
}

// New is an Assessor for the snapshot, at the time of the snapshot.
func New(snap *snapshot.Snapshot) *Assessor {
	a := &Assessor{
		snap:     snap,
		now:      snap.Meta().At,
		verdicts: map[object.Key]Verdict{},
	}
	a.Warnings = WarningsIn(snap)
	a.pods = pendingPods(snap)
	a.leases = Renewals(snap)
	return a
}

// assessors has one judge for each kind.
var assessors map[schema.GroupKind]func(*Assessor, *unstructured.Unstructured, Verdict) Verdict

func init() { // in an init function, because the judges refer to each other
	assessors = map[schema.GroupKind]func(*Assessor, *unstructured.Unstructured, Verdict) Verdict{
		object.KustomizationKind:    (*Assessor).kustomization,
		object.HelmReleaseKind:      (*Assessor).helmRelease,
		object.GitRepositoryKind:    (*Assessor).source,
		object.OCIRepositoryKind:    (*Assessor).source,
		object.BucketKind:           (*Assessor).source,
		object.ExternalArtifactKind: (*Assessor).source,
		object.HelmRepositoryKind:   (*Assessor).source,
		object.HelmChartKind:        (*Assessor).source,
		object.DeploymentKind:       (*Assessor).deployment,
		object.StatefulSetKind:      (*Assessor).statefulSet,
		object.CertificateKind:      (*Assessor).certificate,
		object.IssuerKind:           (*Assessor).issuer,
		object.ClusterIssuerKind:    (*Assessor).issuer,
		object.ServiceKind:          (*Assessor).service,
		object.GatewayKind:          (*Assessor).present,
		object.VirtualServiceKind:   (*Assessor).present,
		object.IngressKind:          (*Assessor).ingress,
		object.GatewayClassKind:     (*Assessor).gatewayClass,
		object.APIGatewayKind:       (*Assessor).apiGateway,
		object.HTTPRouteKind:        (*Assessor).route,
		object.GRPCRouteKind:        (*Assessor).route,
		object.TLSRouteKind:         (*Assessor).route,
		object.TCPRouteKind:         (*Assessor).route,
		object.UDPRouteKind:         (*Assessor).route,
	}
}

// Of judges the object that ref names. An object that the cluster does not
// have is Failing (NotFound); one that could not be read is Unknown.
func (a *Assessor) Of(ref object.Ref) Verdict {
	key := ref.Key()
	if verdict, ok := a.verdicts[key]; ok {
		return verdict
	}
	verdict := Verdict{Ref: ref}
	answer := a.snap.Lookup(ref)
	switch {
	case answer.Presence == snapshot.Unknown:
		verdict = verdict.with(Unknown, Reason(answer.Failure.Reason), answer.Failure.String(), time.Time{})
	case answer.Presence == snapshot.Absent:
		verdict = verdict.with(Failing, NotFound, ref.String()+" does not exist", time.Time{})
	default:
		verdict = a.judge(answer.Object)
	}
	a.verdicts[key] = verdict
	return verdict
}

func (a *Assessor) judge(obj *unstructured.Unstructured) Verdict {
	verdict := Verdict{Ref: object.RefOf(obj)}
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
