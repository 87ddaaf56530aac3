package exporter

import (
	"cmp"
	"context"
	"crypto/tls"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/watch"
	"github.com/digihunch/kubectl-orthweb/pkg/metrics"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/target"
)

const (
	// maxProbes is how many tenants are probed at the same time.
	maxProbes = 8
	// aeTitle and calledTitle are the AE titles that validate uses by default.
	aeTitle, calledTitle = "ORTHWEB", "ORTHANC"
	// targetCheck is the name of the check that the tenant's endpoints are known.
	targetCheck = "target"
	// minValidity is how long a client certificate must still be valid to be used again.
	minValidity = 10 * time.Minute
)

// prober probes all tenants, each once in an interval.
type prober struct {
	*exporter
	config *request.Config
	times  schedule

	mu sync.Mutex
	// clients are the certificates that were issued for probes, by tenant.
	clients map[string]*tls.Certificate
}

func newProber(e *exporter, config *request.Config) *prober {
	return &prober{exporter: e, config: config, times: newSchedule(e.probeEvery), clients: map[string]*tls.Certificate{}}
}

// run probes until ctx ends, and waits for the probes that are running: they remove what they
// have stored.
func (p *prober) run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	slots, done := make(chan struct{}, maxProbes), make(chan string, 2*maxProbes) // also for those that end while others begin
	for watch.Sleep(ctx, time.Second) {
		for len(done) > 0 {
			p.times.ended(<-done, time.Now())
		}
		view, ok := p.current()
		if !ok {
			continue // a probe of what may no longer exist shows nothing
		}
		p.retain(view.tenants)
		for _, t := range p.times.due(view.tenants, time.Now(), maxProbes-len(slots)) {
			slots <- struct{}{}
			running.Go(func() {
				result := p.probe(ctx, view, t)
				if ctx.Err() == nil {
					p.keep(t.Name, result)
				}
				done <- t.Name
				<-slots
			})
		}
	}
	return ctx.Err()
}

// keep keeps the result of a probe.
func (p *prober) keep(name string, result metrics.Probe) {
	p.exporter.mu.Lock()
	defer p.exporter.mu.Unlock()
	p.state.Probes[name] = result
	p.forget()
}

// retain forgets the client certificates of tenants that no longer exist.
func (p *prober) retain(tenants []tenant.Tenant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.clients {
		if !slices.ContainsFunc(tenants, func(t tenant.Tenant) bool { return t.Name == name }) {
			delete(p.clients, name)
		}
	}
}

// probe probes a tenant. Its failure is not explained: that the exporter does itself.
func (p *prober) probe(ctx context.Context, view view, t tenant.Tenant) metrics.Probe {
	began := time.Now()
	wanted := target.Options{Via: target.ViaAddress, Timeout: p.probeTimeout, Alone: true}
	described, err := target.New(ctx, view.snap, t, p.config, wanted)
	if err == nil && p.secret != "" {
		described.Subject.Login, err = target.SecretLogin(ctx, p.config, t, p.secret, "")
	}
	result := metrics.Probe{Checks: []metrics.ProbeCheck{{Name: targetCheck, Pass: err == nil, Took: time.Since(began)}}}
	if err == nil {
		described.Subject.Client = p.client(t.Name, described.Subject.Client)
		result.Checks = append(result.Checks, p.validate(ctx, t, described)...)
	}
	result.Ended, result.Took = time.Now(), time.Since(began)
	return result
}

// validate runs the checks of validate.
func (p *prober) validate(ctx context.Context, t tenant.Tenant, described target.Target) []metrics.ProbeCheck {
	checks := validate.Run(ctx, described.Subject, check.Options{
		Via: target.ViaAddress, Calling: aeTitle, Called: calledTitle, Timeout: p.probeTimeout, Dial: described.Dial, EchoOnly: !p.probeStore,
	}, nil)
	var results []metrics.ProbeCheck
	for _, c := range checks {
		switch {
		case c.Outcome == check.Fail, c.Outcome == check.Skip && c.After != "":
			p.dropClient(t.Name) // a server may no longer accept it
			results = append(results, metrics.ProbeCheck{Name: c.Name, Took: c.Took})
		case c.Outcome != check.Skip:
			results = append(results, metrics.ProbeCheck{Name: c.Name, Pass: true, Took: c.Took})
		}
	}
	return results
}

// client is the function that gets the tenant's client certificate, which is issued only if there
// is none from an earlier probe: a request for each probe would fill the cluster.
func (p *prober) client(name string, issue func(context.Context) (*tls.Certificate, error)) func(context.Context) (*tls.Certificate, error) {
	return func(ctx context.Context) (*tls.Certificate, error) {
		p.mu.Lock()
		known := p.clients[name]
		p.mu.Unlock()
		if known != nil && time.Until(known.Leaf.NotAfter) > minValidity {
			return known, nil
		}
		issued, err := issue(ctx)
		if err == nil && issued.Leaf != nil {
			p.mu.Lock()
			p.clients[name] = issued
			p.mu.Unlock()
		}
		return issued, err
	}
}

func (p *prober) dropClient(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.clients, name)
}

// schedule is when tenants are probed: spread over the interval by their names, so that the probes
// of many tenants, or of several exporters, do not begin at the same time.
type schedule struct {
	every   time.Duration
	next    map[string]time.Time
	running map[string]bool
}

func newSchedule(every time.Duration) schedule {
	return schedule{every, map[string]time.Time{}, map[string]bool{}}
}

// due are at most so many tenants whose probes begin now, the latest first. They are running until
// they ended.
func (s schedule) due(tenants []tenant.Tenant, now time.Time, most int) []tenant.Tenant {
	exists := map[string]bool{}
	var due []tenant.Tenant
	for _, t := range tenants {
		exists[t.Name] = true
		next, known := s.next[t.Name]
		if !known {
			next = now.Add(s.offset(t.Name))
			s.next[t.Name] = next
		}
		if !s.running[t.Name] && !now.Before(next) {
			due = append(due, t)
		}
	}
	for name := range s.next {
		if !exists[name] {
			delete(s.next, name)
		}
	}
	slices.SortStableFunc(due, func(a, b tenant.Tenant) int {
		return cmp.Or(s.next[a.Name].Compare(s.next[b.Name]), cmp.Compare(a.Name, b.Name))
	})
	due = due[:min(len(due), max(most, 0))]
	for _, t := range due {
		s.running[t.Name] = true
		s.next[t.Name] = s.next[t.Name].Add(s.every)
	}
	return due
}

// ended notes that the probe of a tenant has ended. If it took longer than the interval, those
// that were missed are not repeated.
func (s schedule) ended(name string, now time.Time) {
	delete(s.running, name)
	for next, known := s.next[name]; known && next.Before(now); next = s.next[name] {
		s.next[name] = next.Add(s.every)
	}
}

// offset is when in the interval the tenant is probed.
func (s schedule) offset(name string) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name))
	spread := hash.Sum64() * 0x9e3779b97f4a7c15 // similar names have similar hashes
	return time.Duration(float64(s.every) * float64(spread>>32) / (1 << 32))
}
