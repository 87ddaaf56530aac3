package metrics

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// State is all that is known at the time of a scrape.
type State struct {
	Reading
	// Read is set once the Reading has been read, and Current while it is current.
	Read, Current bool
	// Synced is when it was last current.
	Synced time.Time
	// Causes are those of tenants, by name; a tenant that has not been explained is not in it.
	Causes map[string]Causes
	// Probes are the results of probes, by tenant, and ProbeEvery how often tenants are probed; 0
	// if they are not.
	Probes     map[string]Probe
	ProbeEvery time.Duration
	// Polled are the resources that can't be watched.
	Polled []string
	// Took is how long the last assessment took.
	Took time.Duration
	// Lost, Assessments and ExplainErrors are how often the connection was lost, all tenants
	// were assessed, and causes could not be determined.
	Lost, Assessments, ExplainErrors int
	// Build is the version of the program.
	Build string
	// Now is this machine's time.
	Now time.Time
	// Limit is the largest number of series of a metric.
	Limit int
}

// Causes are why a tenant is not ready.
type Causes struct {
	// Verdict is the one that they explain.
	Verdict VerdictKey
	// At is when they were determined.
	At time.Time
	// Codes are the numbers of causes by their codes.
	Codes map[finding.Code]int
	// Complete is false if something could not be read that may hide a cause.
	Complete bool
}

// Probe is the result of a probe.
type Probe struct {
	// Ended is when it ended, and Took how long it took.
	Ended time.Time
	Took  time.Duration
	// Checks are those that were tested.
	Checks []ProbeCheck
}

// ProbeCheck is the result of one check.
type ProbeCheck struct {
	Name string
	Pass bool
	Took time.Duration
}

// Sample is the value of one series. Values are those of the labels of its family.
type Sample struct {
	*Family
	Values []string
	Value  float64
}

// statuses are the statuses of tenants and layers, in the order in which they are exported.
var statuses = []health.Status{health.Ready, health.Progressing, health.Suspended, health.Failing, health.Unknown}

// Samples are all samples, ordered by family, and within a family by the order of the tenants,
// layers and names. Of a family with more series than the limit, the first ones are exported,
// those of tenants and layers that are not ready before others.
func Samples(s State) []Sample {
	c := collector{State: s, series: map[*Family][]Sample{}}
	c.exporter()
	if s.Read {
		c.tenants()
		c.layers()
		c.certificates()
		c.probes()
	}
	return c.limited()
}

type collector struct {
	State
	series map[*Family][]Sample
}

func (c *collector) add(f *Family, value float64, labels ...string) {
	for i := range labels {
		labels[i] = strings.ToValidUTF8(labels[i], "\uFFFD")
	}
	c.series[f] = append(c.series[f], Sample{f, labels, value})
}

// addTime adds a time, unless it is not known.
func (c *collector) addTime(f *Family, at time.Time, labels ...string) {
	if !at.IsZero() {
		c.add(f, float64(at.UnixMilli())/1000, labels...)
	}
}

// status is the status as far as it is known: what is not current may have changed.
func (c *collector) status(s health.Status) health.Status {
	if !c.Current {
		return health.Unknown
	}
	return s
}

// state adds the status, with the labels of its subject.
func (c *collector) state(ready, each *Family, s health.Status, labels ...string) {
	if s != health.Unknown {
		c.add(ready, number(s == health.Ready), labels...)
	}
	for _, status := range statuses {
		c.add(each, number(s == status), append(slices.Clone(labels), string(status))...)
	}
}

func (c *collector) tenants() {
	count, pending := map[health.Status]int{}, 0
	for _, t := range notReadyFirst(c.Tenants, func(t Tenant) health.Status { return t.Status }) {
		status := c.status(t.Status)
		count[status]++
		c.state(tenantReady, tenantStatus, status, t.Name)
		c.addTime(tenantExpiry, t.certificateEnd, t.Name)
		if t.hostsKnown && c.Current {
			c.add(hostNames, float64(t.hosts), t.Name)
			c.add(hostsNoAddress, float64(t.unreached), t.Name)
		}
		if t.Status == health.Ready || !c.Current {
			continue
		}
		causes, known := c.Causes[t.Name]
		if !known {
			pending++
			continue
		}
		c.add(tenantExplained, number(causes.Complete), t.Name)
		for _, code := range slices.Sorted(maps.Keys(causes.Codes)) {
			c.add(tenantCauses, float64(causes.Codes[code]), t.Name, string(code))
		}
	}
	for _, status := range statuses {
		c.add(tenants, float64(count[status]), string(status))
	}
	c.add(unexplained, float64(pending))
}

func (c *collector) layers() {
	for _, l := range notReadyFirst(c.Reading.layers, func(l layer) health.Status { return l.status }) {
		c.state(layerReady, layerStatus, c.status(l.status), l.namespace, l.name)
		if c.Current {
			c.add(layerStale, number(l.stale), l.namespace, l.name)
		}
		c.addTime(layerReconciled, l.reconciled, l.namespace, l.name)
		if l.interval > 0 {
			c.add(layerInterval, l.interval.Seconds(), l.namespace, l.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.controllers)) {
		c.addTime(controllerLease, c.controllers[name], name)
	}
}

// certificates adds their times, those that expire first before others.
func (c *collector) certificates() {
	inOrder := slices.Clone(c.Reading.certificates)
	slices.SortStableFunc(inOrder, func(a, b certificate) int { return a.end.Compare(b.end) })
	for _, cert := range inOrder {
		c.addTime(certificateEnd, cert.end, cert.tenant, cert.namespace, cert.name)
		c.addTime(certificateRenew, cert.renewal, cert.tenant, cert.namespace, cert.name)
	}
}

// probeAge is after how many intervals the result of a probe is no longer exported.
const probeAge = 3

func (c *collector) probes() {
	if c.ProbeEvery == 0 {
		return
	}
	c.add(probeInterval, c.ProbeEvery.Seconds())
	for _, t := range c.Tenants {
		p, known := c.Probes[t.Name]
		if !known || c.Now.Sub(p.Ended) > probeAge*c.ProbeEvery {
			continue
		}
		c.addTime(probeRun, p.Ended, t.Name)
		c.add(probeTime, p.Took.Seconds(), t.Name)
		for _, check := range p.Checks {
			c.add(probeSuccess, number(check.Pass), t.Name, check.Name)
			c.add(probeDuration, check.Took.Seconds(), t.Name, check.Name)
		}
	}
}

func (c *collector) exporter() {
	c.add(buildInfo, 1, c.Build)
	c.add(viewCurrent, number(c.Read && c.Current))
	c.addTime(lastSync, c.Synced)
	c.add(viewLost, float64(c.Lost))
	c.add(looks, float64(c.Assessments))
	c.add(explainFails, float64(c.ExplainErrors))
	c.add(lookDuration, c.Took.Seconds())
	for _, list := range slices.SortedFunc(maps.Keys(c.unreadable), func(a, b failedList) int {
		return cmp.Or(cmp.Compare(a.resource, b.resource), cmp.Compare(a.reason, b.reason))
	}) {
		c.add(unreadable, float64(c.unreadable[list]), list.resource, list.reason)
	}
	for _, resource := range c.Polled {
		c.add(polled, 1, resource)
	}
}

// limited are the samples of all families within the limit, and how many are not. A series occurs
// once.
func (c *collector) limited() []Sample {
	var samples, overs []Sample
	for _, f := range all {
		seen, over := map[string]bool{}, 0
		for _, sample := range c.series[f] {
			switch key := strings.Join(sample.Values, "\xff"); {
			case seen[key]:
			case len(seen) == c.Limit:
				over++
			default:
				seen[key] = true
				samples = append(samples, sample)
			}
		}
		if over > 0 {
			overs = append(overs, Sample{dropped, []string{f.Name}, float64(over)})
		}
	}
	return append(samples, overs...)
}

// notReadyFirst are the elements, those that are not ready before the others.
func notReadyFirst[T any](elements []T, status func(T) health.Status) []T {
	inOrder := slices.Clone(elements)
	slices.SortStableFunc(inOrder, func(a, b T) int {
		return cmp.Compare(number(status(a) == health.Ready), number(status(b) == health.Ready))
	})
	return inOrder
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
