// Package explain answers why tenants, or any objects, are not ready: it finds what the user
// named, reads what the explainers query, and combines their explanations.
package explain

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// Question is what to explain.
type Question struct {
	// Arguments are names of tenants, and objects as KIND/NAME. Without arguments every tenant
	// that is not ready is explained.
	Arguments []string
	// Namespace is that of the objects, empty for the only one that has an object of this name.
	Namespace string
	// Recording is where a recorded snapshot was read from, for advice; nil for a cluster.
	Recording *recording.Source
	// KeepReady keeps the tenants that are ready, with their warnings, without arguments.
	KeepReady bool
	// Also looks up what the caller needs besides, in each round: it is read, too.
	Also func(*snapshot.Snapshot)
}

// Answer is the result of the explainers.
type Answer struct {
	Explanation diagnose.Explanation
	// Tenants is the number of all tenants that were found.
	Tenants int
	// Err is why there is no explanation: nothing has this name.
	Err error
}

// Recorded explains what a snapshot has.
func Recorded(snap *snapshot.Snapshot, q Question) Answer {
	return (&query{Question: q}).answer(snap)
}

// Live explains the objects of a cluster. It reads what the explainers query, until no query
// is open; in a cluster of many tenants, it reads only the tenants that were named and what
// they share. It also returns all that was read. Its error is that of reading; one of the
// question is in the Answer.
func Live(ctx context.Context, session *collect.Session, question Question) (*snapshot.Snapshot, Answer, error) {
	q := &query{Question: question, kinds: session.KindsNamed}
	snap, scope, err := q.begin(ctx, session)
	if err != nil {
		return nil, Answer{}, err
	}
	var last Answer
	snap, err = session.Settle(ctx, snap, scope, func(snap *snapshot.Snapshot) { last = q.answer(snap) })
	return snap, last, err
}

// Settled explains tenants of a snapshot that has what status reads of the whole cluster. It reads
// what else the explainers query, of these tenants and what they share.
func Settled(ctx context.Context, session *collect.Session, snap *snapshot.Snapshot, names ...string) (Answer, error) {
	q := &query{Question: Question{Arguments: names}}
	_, scope, all := q.scope(snap)
	if all {
		scope = nil
	}
	var last Answer
	_, err := session.Settle(ctx, snap, scope, func(snap *snapshot.Snapshot) { last = q.answer(snap) })
	return last, err
}

// query is a question to a cluster or to a recording.
type query struct {
	Question
	// kinds finds the kinds that a word names in a live cluster; nil for a recorded one.
	kinds func(word string) []schema.GroupKind
}

func (q *query) answer(snap *snapshot.Snapshot) Answer {
	tenants := tenant.Discover(snap.Known())
	e, err := q.explain(snap, tenants)
	if q.Also != nil {
		q.Also(snap)
	}
	return Answer{e, len(tenants), err}
}

// explain combines the explanations of all arguments.
func (q *query) explain(snap *snapshot.Snapshot, tenants []tenant.Tenant) (diagnose.Explanation, error) {
	var chosen []tenant.Tenant
	all := diagnose.Explanation{At: snap.Meta().At}
	for _, arg := range q.Arguments {
		if isObject(arg) {
			ref, err := q.findObject(snap, arg)
			if err != nil {
				return all, err
			}
			all.Subjects = append(all.Subjects, diagnose.Object(snap, tenants, ref).Subjects...)
			continue
		}
		t, ok := tenant.Find(tenants, arg)
		if !ok {
			return all, selection.NotFound(arg, tenants, snap)
		}
		chosen = append(chosen, t)
	}
	if len(q.Arguments) == 0 {
		if len(tenants) == 0 {
			if e := diagnose.Flux(snap); len(e.Subjects) > 0 {
				return e, nil // a Flux cluster without Korthweb
			}
			return all, selection.None(snap, q.Recording)
		}
		chosen = tenants
	}
	e := diagnose.Tenants(snap, tenants, chosen)
	if len(q.Arguments) == 0 && !q.KeepReady {
		e.Subjects = slices.DeleteFunc(e.Subjects, func(s diagnose.Subject) bool { return s.Verdict.Status == health.Ready })
	}
	all.Subjects = append(e.Subjects, all.Subjects...)
	return all, nil
}
