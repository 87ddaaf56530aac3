package exporter

import (
	"context"
	"sync"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/watch"
	"github.com/digihunch/kubectl-orthweb/pkg/metrics"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/target"
)

const (
	// between is the shortest time between two assessments of all tenants, so that many changes
	// cost no more than a few.
	between = 5 * time.Second
	// heartbeat is how often they are assessed although nothing has changed: statuses depend on the
	// time.
	heartbeat = 30 * time.Second
	// lists is how many kinds are listed at the same time.
	lists = 2
	// reconnect is how often a cluster is contacted that could not be reached at the start.
	reconnect = 5 * time.Second
)

// exporter is a running exporter.
type exporter struct {
	*options
	// news has a value if a tenant may have to be explained.
	news chan struct{}

	mu    sync.Mutex
	state metrics.State
	view  view
	// heard is when the watch last reported anything.
	heard time.Time
}

// view is what is known of the cluster.
type view struct {
	session *collect.Session
	snap    *snapshot.Snapshot
	tenants []tenant.Tenant
}

func newExporter(o *options) *exporter {
	return &exporter{options: o, news: make(chan struct{}, 1), heard: time.Now(), state: metrics.State{
		Causes: map[string]metrics.Causes{}, Probes: map[string]metrics.Probe{}, ProbeEvery: o.probeEvery,
		Build: o.call.Build, Limit: o.series,
	}}
}

// samples are those of this moment.
func (e *exporter) samples() []metrics.Sample {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Now = time.Now()
	return metrics.Samples(e.state)
}

// current is the view, false unless it is current.
func (e *exporter) current() (view, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.view, e.state.Read && e.state.Current
}

// queries are what is watched: what status reads, and for probes also the certificates.
func (e *exporter) queries() []collect.Query {
	required := queries.Status()
	if e.probeEvery == 0 {
		return required
	}
	known := map[string]bool{}
	for _, query := range required {
		known[query.GroupKind.String()] = true
	}
	for _, query := range target.Queries("", target.ViaAddress) {
		if !known[query.GroupKind.String()] {
			required = append(required, query)
		}
	}
	return required
}

// follow watches the cluster, and assesses the tenants after changes.
func (e *exporter) follow(ctx context.Context) error {
	session, err := e.call.SessionWhenReachable(ctx, reconnect, func(err error) error {
		return e.update(nil, watch.Update{Err: err})
	})
	if err != nil {
		return err
	}
	opts := watch.Options{Poll: e.resync, Quiet: queries.Quiet(), Between: between, Heartbeat: heartbeat, Lists: lists}
	return watch.Run(ctx, session, e.queries(), opts, func(update watch.Update) error { return e.update(session, update) })
}

// update replaces what is known. While the connection is lost, what was known before is kept, and
// exported as unknown.
func (e *exporter) update(session *collect.Session, update watch.Update) error {
	if update.Err != nil || update.Snapshot == nil {
		e.lose(update.Err)
		return nil
	}
	began := time.Now()
	next := view{session, update.Snapshot, tenant.Discover(update.Snapshot)}
	reading := metrics.Read(next.snap, next.tenants)
	e.mu.Lock()
	s := &e.state
	found := s.Lost > 0 && !s.Current
	s.Reading, s.Read, s.Current, s.Polled = reading, true, true, update.PolledResources()
	s.Synced, s.Took = time.Now(), time.Since(began)
	s.Assessments++
	e.view, e.heard = next, s.Synced
	e.forget()
	e.mu.Unlock()
	if found {
		escape.Fprintf(e.call.Streams.ErrOut, "The API server answers again.\n")
	}
	select {
	case e.news <- struct{}{}:
	default: // it is announced
	}
	return nil
}

// lose notes that the view is no longer current.
func (e *exporter) lose(err error) {
	e.mu.Lock()
	s := &e.state
	begins := s.Current || s.Lost == 0
	s.Current, e.heard = false, time.Now()
	if begins {
		s.Lost++
	}
	e.mu.Unlock()
	if begins {
		escape.Fprintf(e.call.Streams.ErrOut, "error: %v; retrying\n", err)
	}
}

// forget forgets the causes of tenants that are ready, and the probes of those that no longer
// exist. The caller holds the lock.
func (e *exporter) forget() {
	exists, notReady := map[string]bool{}, map[string]bool{}
	for _, t := range e.state.Tenants {
		exists[t.Name] = true
		notReady[t.Name] = needsCauses(t)
	}
	for name := range e.state.Causes {
		if !notReady[name] {
			delete(e.state.Causes, name)
		}
	}
	for name := range e.state.Probes {
		if !exists[name] {
			delete(e.state.Probes, name)
		}
	}
}
