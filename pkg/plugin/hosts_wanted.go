package plugin

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/address"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// wantedHosts are the flags that define the entries of the hosts file, from the cluster
// and from what the user accepts.
type wantedHosts struct {
	names  []string
	ips    []string
	prefer string
	accept acceptance

	forced []netip.Addr
}

func (w *wantedHosts) addTo(flags *pflag.FlagSet) {
	flags.StringSliceVar(&w.ips, "ip", nil, "Address to use instead of the ingress's; with several, one of each family")
	flags.StringVar(&w.prefer, "prefer", "first", "Which of several addresses to use: first, ipv4, ipv6 or all")
	w.accept.addTo(flags)
}

func (w *wantedHosts) validate() error {
	if !slices.Contains([]string{"first", "ipv4", "ipv6", "all"}, w.prefer) {
		return advice.Add(fmt.Errorf("--prefer must be first, ipv4, ipv6 or all, not %q", w.prefer), "See 'kubectl orthweb hosts list --help' for usage.")
	}
	for _, text := range w.ips {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return advice.Add(fmt.Errorf("--ip %q is not an IP address", text), "For example: 192.168.64.16 or 2001:db8::7.")
		}
		if err := hosts.CheckAddr(addr); err != nil {
			return fmt.Errorf("--ip: %w", err)
		}
		w.forced = append(w.forced, addr)
	}
	return w.accept.validate()
}

// Wanted are the entries, and the names that have none.
type wanted struct {
	entries []hosts.Entry
	tenants []string
	// lacking are sentences about tenants that have no entry, notes about names that are
	// omitted or may change.
	lacking, notes []string
	// withheld are a tenant's names that are not written: their owner is not certain, or
	// they are not accepted. Existing lines with them stay.
	withheld []string
	// pending are those of them that the user can accept.
	pending []pendingDomain
	// addresses are those that the user can accept.
	addresses []netip.Addr
	// partial are the tenants whose names could not be read completely.
	partial []string
	// refused tells that a name is another tenant's, or may be.
	refused bool
	// all tells that these are all tenants of the cluster: lines of others are obsolete.
	all bool
}

// change is the change of the file. It keeps the lines of a tenant that currently has
// no entry: they were correct before, and may be again.
func (w wanted) change(block string) hostsChange {
	c := hostsChange{Block: block, Entries: w.entries, KeepNames: w.withheld, KeepTenants: w.partial}
	if w.all {
		c.Only = w.tenants
	}
	return c
}

// hostsReading derives the wanted entries from a cluster.
type hostsReading struct {
	*wantedHosts
	snap    *snapshot.Snapshot
	owners  *tenant.HostOwners
	machine string
	out     wanted
}

// Read determines the entries from the cluster and the existing block. It reads all
// tenants, whichever are named: one may claim the names of another.
func (w *wantedHosts) read(ctx context.Context, call *command.Call, block []hosts.Entry) (wanted, error) {
	namespace := call.Namespace()
	snap, err := call.Collect(ctx, queries.Ingress(""), false)
	if err != nil {
		return wanted{}, err
	}
	chosen, err := w.choose(snap, namespace)
	if err != nil {
		return wanted{}, err
	}
	every := tenant.Discover(snap)
	for _, t := range chosen {
		if !slices.ContainsFunc(every, func(other tenant.Tenant) bool { return other.Name == t.Name }) {
			every = append(every, t)
		}
	}
	complete := allRead(snap, "", object.NamespaceKind, object.KustomizationKind, object.HelmReleaseKind, object.DeploymentKind, object.StatefulSetKind)
	names := tenant.HostNames(snap, every)
	r := &hostsReading{wantedHosts: w, snap: snap, owners: tenant.NewHostOwners(every, names)}
	r.machine, _ = os.Hostname()
	r.out.all = len(w.names) == 0 && namespace == "" && complete
	w.accept.block = block
	w.accept.tell(r.owners, func(name string) bool {
		return !complete || slices.ContainsFunc(every, func(t tenant.Tenant) bool { return t.Name == name })
	})
	r.noteUnread()
	statuses := tenant.Assess(snap, chosen)
	for i, t := range chosen {
		at := slices.IndexFunc(every, func(other tenant.Tenant) bool { return other.Name == t.Name })
		r.tenant(ctx, t, statuses[i], names[at])
	}
	return r.out, nil
}

// namingKinds are the kinds that name hosts.
var namingKinds = []schema.GroupKind{object.GatewayKind, object.VirtualServiceKind, object.CertificateKind}

// allRead reports whether the kinds could be read completely in a namespace, or in all.
// A kind that is not served has no objects.
func allRead(snap *snapshot.Snapshot, namespace string, kinds ...schema.GroupKind) bool {
	for _, kind := range kinds {
		listing := snap.List(kind, namespace)
		if listing.Partial && len(listing.Unknown) == 0 {
			return false
		}
		if slices.ContainsFunc(listing.Unknown, func(why snapshot.Failure) bool { return why.Why != snapshot.NotServed }) {
			return false
		}
	}
	return true
}

// noteUnread notes that names of other tenants may not be known.
func (r *hostsReading) noteUnread() {
	for _, kind := range append([]schema.GroupKind{object.NamespaceKind}, namingKinds...) {
		for _, why := range r.snap.List(kind, "").Unknown {
			if why.Why != snapshot.NotServed {
				r.out.notes = append(r.out.notes, fmt.Sprintf("It could not be determined whether another tenant claims the same names: %s", why))
				return
			}
		}
	}
}

// tenant adds the entries of one tenant.
func (r *hostsReading) tenant(ctx context.Context, t tenant.Tenant, s tenant.Status, names []tenant.HostName) {
	r.out.tenants = append(r.out.tenants, t.Name)
	for _, namespace := range t.Namespaces {
		if !slices.Contains(r.out.partial, t.Name) && (!allRead(r.snap, namespace, namingKinds...) || !allRead(r.snap, "", object.CertificateKind)) {
			r.out.partial = append(r.out.partial, t.Name)
		}
	}
	found := r.addresses(ctx, s)
	r.out.notes = append(r.out.notes, found.notes...)
	if found.why != "" {
		r.out.lacking = append(r.out.lacking, t.Name+": "+found.why)
	}
	good, withheld := r.sort(t, names, found)
	if found.why != "" {
		return
	}
	if len(good)+withheld == 0 {
		r.out.lacking = append(r.out.lacking, t.Name+": its Gateways have no host name that a hosts file can have"+address.Unread(s))
	}
	r.out.add(t.Name, found.addresses, good)
}

// add adds entries of a tenant.
func (w *wanted) add(name string, addresses []netip.Addr, names []string) {
	for _, addr := range addresses {
		if len(names) == 0 {
			return
		}
		at := slices.IndexFunc(w.entries, func(e hosts.Entry) bool { return e.Tenant == name && e.Addr == addr })
		if at < 0 {
			at = len(w.entries)
			w.entries = append(w.entries, hosts.Entry{Tenant: name, Addr: addr})
		}
		w.entries[at].Names = append(w.entries[at].Names, names...)
	}
}

// sort returns the names of the tenant that may be written, and how many are withheld.
func (r *hostsReading) sort(t tenant.Tenant, names []tenant.HostName, found foundAddresses) (good []string, withheld int) {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b tenant.HostName) int { return strings.Compare(a.Name, b.Name) })
	for _, h := range names {
		from := ""
		if len(h.From) > 0 {
			from = fmt.Sprintf(" (%s)", h.From[0])
		}
		if err := hosts.CheckName(h.Name, r.machine); err != nil {
			r.out.notes = append(r.out.notes, fmt.Sprintf("%s: omitted %q%s: %v", t.Name, h.Name, from, err))
			continue
		}
		name := strings.ToLower(h.Name)
		if mine, why := r.decide(t.Name, name); !mine {
			r.withhold(name, why)
			withheld++
			continue
		}
		switch {
		case slices.Contains(good, name):
		case r.accept.inBlock(t.Name, name):
			good = append(good, name)
		case r.accept.allowed(t.Name, name):
			if found.why == "" {
				r.out.notes = append(r.out.notes, fmt.Sprintf("Accepted for %s by --allow-domain: %s (%s)", t.Name, name, joined(found.addresses)))
			}
			good = append(good, name)
		default:
			r.out.pend(t.Name, name, found)
			withheld++
		}
	}
	return good, withheld
}

// decide returns whether the name belongs to the tenant, as far as that can be
// determined, and otherwise why it is not written. A name in a certificate for several
// tenants belongs to one of them only if something else shows it.
func (r *hostsReading) decide(name, host string) (mine bool, why string) {
	whose := r.owners.Of(host)
	switch {
	case !whose.Claimed(name):
		return len(whose.Claims) == 0 && slices.Contains(whose.Owners, name), ""
	case whose.Contested():
		return false, fmt.Sprintf("Not written: %s is claimed by %s; %s. Existing lines with it are kept.", host, claimants(whose.Claims), adviceFor(whose))
	case len(whose.Owners) > 1:
		return false, fmt.Sprintf("Not written for %s: %s can belong to %s: %s. If it belongs to %s, add --allow-domain=%s=%s. Existing lines with it are kept.",
			name, host, strings.Join(whose.Owners, " or "), whose.By, name, name, host)
	case !whose.CanBe(name):
		return false, fmt.Sprintf("Not written for %s: %s belongs to %s: %s. Change the host in %s. Existing lines with it are kept.",
			name, host, strings.Join(whose.Owners, " or "), whose.By, whose.Claims[0].From[0])
	}
	return true, ""
}

// claimants are the tenants that claim a name, each with the object that claims it.
func claimants(claims []tenant.Claim) string {
	var all []string
	for _, claim := range claims {
		all = append(all, fmt.Sprintf("%s (%s)", claim.Tenant, claim.From[0]))
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// adviceFor tells which tenant must stop claiming the name.
func adviceFor(whose tenant.Ownership) string {
	var wrong []string
	for _, claim := range whose.Claims {
		if !whose.CanBe(claim.Tenant) {
			wrong = append(wrong, claim.From[0].String())
		}
	}
	if len(wrong) == 0 || len(wrong) == len(whose.Claims) {
		return "its owner can't be determined: change the host of one of them"
	}
	return fmt.Sprintf("it belongs to %s (%s): change the host in %s", strings.Join(whose.Owners, " or "), whose.By, strings.Join(wrong, ", "))
}

// withhold prevents a name from being written, and notes the reason once.
func (r *hostsReading) withhold(name, why string) {
	if !slices.Contains(r.out.withheld, name) {
		r.out.withheld = append(r.out.withheld, name)
	}
	if why != "" && !slices.Contains(r.out.notes, why) {
		r.out.notes, r.out.refused = append(r.out.notes, why), true
	}
}

// choose returns the tenants that were named, that of the namespace, or all.
func (w *wantedHosts) choose(snap *snapshot.Snapshot, namespace string) ([]tenant.Tenant, error) {
	if len(w.names) > 0 || namespace == "" {
		return selection.Several(snap, w.names, namespace)
	}
	for _, t := range tenant.Discover(snap) {
		if slices.Contains(t.Namespaces, namespace) {
			return []tenant.Tenant{t}, nil
		}
	}
	return []tenant.Tenant{tenant.OfNamespace(snap, namespace)}, nil
}
