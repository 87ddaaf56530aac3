package plugin

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// wantedHosts is what the hosts file should say, going by the cluster.
type wantedHosts struct {
	names   []string
	ips     []string
	prefer  string
	domains []string

	forced []netip.Addr
}

func (w *wantedHosts) addTo(flags *pflag.FlagSet) {
	flags.StringSliceVar(&w.ips, "ip", nil, "Use this address instead of the ingress's; with several, one of each family")
	flags.StringVar(&w.prefer, "prefer", "first", "Which of several addresses: first, ipv4, ipv6, or all")
	flags.StringSliceVar(&w.domains, "allow-domain", nil, "Take names under this domain too, besides the tenants' own")
}

func (w *wantedHosts) validate() error {
	if !slices.Contains([]string{"first", "ipv4", "ipv6", "all"}, w.prefer) {
		return withHint(fmt.Errorf("--prefer is first, ipv4, ipv6 or all, not %q", w.prefer), "See 'kubectl orthweb hosts list --help' for usage.")
	}
	for _, text := range w.ips {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return withHint(fmt.Errorf("--ip %q is not an IP address", text), "Write it as 192.168.64.16 or 2001:db8::7.")
		}
		if err := hosts.CheckAddr(addr); err != nil {
			return fmt.Errorf("--ip: %w", err)
		}
		w.forced = append(w.forced, addr)
	}
	return nil
}

// wanted are the entries, and what keeps others out.
type wanted struct {
	entries []hosts.Entry
	tenants []string
	// lacking are sentences about tenants that have no entry, notes about what was
	// left out or may change.
	lacking, notes []string
	// all tells that these are all tenants of the cluster: what the file has of
	// others is of no use any more.
	all bool
}

// change is what to do to the file. Of a tenant that has no entry for now it
// keeps what is there: that was right once, and may be again.
func (w wanted) change(block string) hostsChange {
	c := hostsChange{Block: block, Entries: w.entries}
	if w.all {
		c.Only = w.tenants
	}
	return c
}

// read works the entries out from the cluster.
func (w *wantedHosts) read(ctx context.Context, facts *factsFlags) (wanted, error) {
	namespace := facts.namespace()
	snap, err := facts.collect(ctx, tenantWants(namespace), false)
	if err != nil {
		return wanted{}, err
	}
	tenants, err := chooseTenants(snap, w.names, namespace)
	if err != nil {
		return wanted{}, err
	}
	machine, _ := os.Hostname()
	statuses, names := tenant.Assess(snap, tenants), tenant.HostNames(snap, tenants)
	out := wanted{all: len(w.names) == 0 && namespace == "" && len(snap.List(health.NamespaceKind, "").Unknown) == 0}
	for i, t := range tenants {
		out.tenants = append(out.tenants, t.Name)
		rules := hosts.Rules{Domains: append(tenant.OwnDomains(t.Name, names[i]), w.domains...), Machine: []string{machine}}
		addresses, notes, why := w.addresses(ctx, snap, statuses[i])
		out.notes = append(out.notes, notes...)
		if why != "" {
			out.lacking = append(out.lacking, t.Name+": "+why)
			continue
		}
		good := out.names(t.Name, names[i], rules)
		if len(good) == 0 {
			out.lacking = append(out.lacking, t.Name+": no host name of its Gateways can be in a hosts file"+unread(statuses[i]))
			continue
		}
		for _, addr := range addresses {
			out.entries = append(out.entries, hosts.Entry{Tenant: t.Name, Addr: addr, Names: good})
		}
	}
	return out, nil
}

// names are the tenant's that may be written; of the others it notes why not.
func (w *wanted) names(name string, list []tenant.HostName, rules hosts.Rules) []string {
	var good []string
	for _, h := range list {
		if err := hosts.CheckName(h.Name, rules); err != nil {
			from := ""
			if len(h.From) > 0 {
				from = fmt.Sprintf(" (%s)", h.From[0])
			}
			w.notes = append(w.notes, fmt.Sprintf("%s: left out %q%s: %v", name, h.Name, from, err))
			continue
		}
		good = append(good, h.Name)
	}
	return good
}

// unread says what may not be seen of a tenant, for a sentence about what it
// lacks.
func unread(s tenant.Status) string {
	var why []string
	for _, failure := range s.Unknown {
		why = append(why, failure.String())
	}
	if len(why) == 0 {
		return ""
	}
	return " (" + strings.Join(why, "; ") + ")"
}

// chooseTenants are those that were named, or all.
func chooseTenants(snap *snapshot.Snapshot, names []string, namespace string) ([]tenant.Tenant, error) {
	tenants := tenant.Discover(snap)
	if len(names) == 0 && (namespace == "" || len(tenants) > 0) {
		if len(tenants) == 0 {
			return nil, noTenants(snap)
		}
		return tenants, nil
	}
	if len(names) == 0 {
		names = []string{namespace}
	}
	var chosen []tenant.Tenant
	for _, name := range names {
		t, err := chooseTenant(snap, name, namespace)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(chosen, func(c tenant.Tenant) bool { return c.Name == t.Name }) {
			chosen = append(chosen, t)
		}
	}
	return chosen, nil
}
