package exporter

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/watch"
	"github.com/digihunch/kubectl-orthweb/pkg/metrics"
)

const (
	// fewExplained is how many tenants are explained at a time: what explainers read of them is in
	// memory at once, and lists of more than eight namespaces become lists of all
	// (collect.Session.Settle). If manyExplained or more are due, these lists cost less than many
	// short ones.
	fewExplained, manyExplained = 3, 30
	// explainTime limits the requests for them.
	explainTime = 2 * time.Minute
	// explainPause is the shortest pause after an explanation.
	explainPause = 2 * time.Second
)

// needsCauses reports whether it is explained why the tenant is not ready.
func needsCauses(t metrics.Tenant) bool { return t.Status != health.Ready }

// explainAll determines the causes of tenants that are not ready, until ctx ends.
func (e *exporter) explainAll(ctx context.Context) error {
	for {
		began := time.Now()
		if view, due := e.due(began); len(due) > 0 {
			e.explain(ctx, view, due)
			// A large cluster must not take all of the machine, nor of the API server.
			if !watch.Sleep(ctx, max(explainPause, 4*time.Since(began))) {
				return ctx.Err()
			}
			continue
		}
		select {
		case <-e.news:
		case <-time.After(e.resync):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// due are the tenants to explain: those whose verdict has changed, and those that were explained
// longest ago.
func (e *exporter) due(now time.Time) (view, []metrics.Tenant) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.state.Current {
		return view{}, nil
	}
	var due []metrics.Tenant
	for _, t := range e.state.Tenants {
		known, ok := e.state.Causes[t.Name]
		if needsCauses(t) && (!ok || known.Verdict != t.Verdict || now.Sub(known.At) >= e.resync) {
			due = append(due, t)
		}
	}
	slices.SortStableFunc(due, func(a, b metrics.Tenant) int {
		return e.state.Causes[a.Name].At.Compare(e.state.Causes[b.Name].At)
	})
	if len(due) >= manyExplained {
		return e.view, due[:manyExplained]
	}
	return e.view, due[:min(len(due), fewExplained)]
}

// explain determines the causes of some tenants, which are then known.
func (e *exporter) explain(ctx context.Context, view view, tenants []metrics.Tenant) {
	limited, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	verdicts, names := map[string]metrics.VerdictKey{}, []string{}
	for _, t := range tenants {
		verdicts[t.Name] = t.Verdict
		names = append(names, t.Name)
	}
	answer, err := explain.Settled(limited, view.session.Apart(), view.snap, names...)
	if err = cmp.Or(err, answer.Err); err != nil {
		if ctx.Err() == nil {
			e.explainFailed(err, tenants)
		}
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, subject := range answer.Explanation.Subjects {
		causes := metrics.Causes{Verdict: verdicts[subject.Tenant], At: time.Now(), Codes: map[finding.Code]int{}, Complete: len(subject.Unknown) == 0}
		for _, cause := range subject.Causes {
			causes.Codes[cause.Code]++
		}
		e.state.Causes[subject.Tenant] = causes
	}
	e.forget()
}

// explainFailed notes that the causes could not be determined. What was known of these tenants is
// forgotten, and they are explained again after others.
func (e *exporter) explainFailed(err error, tenants []metrics.Tenant) {
	e.mu.Lock()
	e.state.ExplainErrors++
	first := e.state.ExplainErrors == 1
	for _, t := range tenants {
		e.state.Causes[t.Name] = metrics.Causes{Verdict: t.Verdict, At: time.Now()}
	}
	e.mu.Unlock()
	if first {
		escape.Fprintf(e.call.Streams.ErrOut, "error: determining causes: %v; retrying\n", err)
	}
}
