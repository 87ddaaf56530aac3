package logs

import (
	"regexp"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Concern decides which lines of programs that serve several tenants concern one of them.
type Concern struct {
	// namespaces are those of the tenant: every object in them concerns it.
	namespaces []string
	// objects are the others: shared layers, sources, charts.
	objects map[Name]bool
	hosts   []string
}

// NewConcern returns what concerns the tenant: the objects of its chain, the sources and charts
// of its releases, and everything in its namespaces.
func NewConcern(snap *snapshot.Snapshot, s tenant.Status, hosts []string) Concern {
	c := Concern{namespaces: s.Namespaces, objects: map[Name]bool{}, hosts: hosts}
	for _, link := range s.Chain {
		if link.Ref.Name == "" {
			continue
		}
		c.add(link.Ref.Kind, link.Ref.Namespace, link.Ref.Name)
		if link.Section == tenant.Releases {
			c.addChart(snap, link.Ref)
		}
	}
	return c
}

func (c *Concern) add(kind, namespace, name string) {
	c.objects[Name{strings.ToLower(kind), namespace, name}] = true
}

// addChart adds the chart of a release, and the source of the chart.
func (c *Concern) addChart(snap *snapshot.Snapshot, release object.Ref) {
	obj := snap.Lookup(release).Object
	if obj == nil {
		return
	}
	for _, ref := range []object.Ref{object.ChartOf(obj), object.ChartSourceOf(obj)} {
		if ref.Name != "" {
			c.add(ref.Kind, ref.Namespace, ref.Name)
		}
	}
}

// Covers reports whether a line names an object of the tenant, or a host name of its gateways.
func (c Concern) Covers(e Entry) bool {
	for _, n := range e.Names {
		if slices.Contains(c.namespaces, n.Namespace) || n.Namespace == "" && slices.Contains(c.namespaces, n.Name) {
			return true
		}
		if c.objects[Name{strings.ToLower(n.Kind), n.Namespace, n.Name}] {
			return true
		}
	}
	for _, host := range e.Hosts {
		if slices.ContainsFunc(c.hosts, func(pattern string) bool { return matchesHost(pattern, host) }) {
			return true
		}
	}
	return len(e.Names) == 0 && e.get("scope") != "" && c.inMessage(e.Message)
}

// matchesHost reports whether a host is the one of the tenant, or matches its pattern.
func matchesHost(pattern, host string) bool {
	if suffix, ok := strings.CutPrefix(strings.ToLower(pattern), "*"); ok {
		return suffix != "" && strings.HasSuffix(host, suffix)
	}
	return strings.EqualFold(pattern, host)
}

// messageWord matches words in a message of Istio that can be names.
var messageWord = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9./-]*[A-Za-z0-9]`)

// connection matches the number of a connection at the end of a proxy's name.
var connection = regexp.MustCompile(`-\d+$`)

// inMessage reports whether a message of istiod names a proxy, a Service or an object in a
// namespace of the tenant: its messages have no fields, but names of a fixed form
// (POD.NAMESPACE-CONNECTION, SERVICE.NAMESPACE.svc…, KIND/NAMESPACE/NAME).
func (c Concern) inMessage(message string) bool {
	for _, word := range messageWord.FindAllString(message, -1) {
		steps := strings.Split(word, "/") // [KIND/]NAMESPACE/NAME
		for _, namespace := range steps[max(0, len(steps)-3) : len(steps)-1] {
			if slices.Contains(c.namespaces, namespace) {
				return true
			}
		}
		parts := strings.Split(word, ".")
		if len(parts) < 2 {
			continue
		}
		if slices.Contains(c.namespaces, parts[1]) || slices.Contains(c.namespaces, connection.ReplaceAllString(parts[1], "")) {
			return true
		}
	}
	return false
}
