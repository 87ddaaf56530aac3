// Package entries determines which entries a hosts file should have: from a snapshot, the
// tenants that were chosen, and the names and addresses that the user accepts. It returns
// sentences about the names that get no entry.
package entries

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/address"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// Options are the chosen tenants, and what the user accepts.
type Options struct {
	// Names are the names of the chosen tenants. Without any, it is the tenant of
	// Namespace; without a namespace, all tenants.
	Names     []string
	Namespace string
	// Source is the recording that the snapshot was read from, nil for a cluster.
	Source *recording.Source
	// Addresses are used for all tenants, instead of those of their ingresses.
	Addresses []netip.Addr
	// Prefer is which of several addresses of an ingress to use.
	Prefer   Preference
	Accepted Acceptance
	// Machine is the host name of this machine, which no tenant may have.
	Machine string
	// Resolve resolves the host name of a load balancer; nil is address.Resolve.
	Resolve func(ctx context.Context, name string) ([]netip.Addr, error)
}

// derivation derives the result from a snapshot.
type derivation struct {
	Options
	snap   *snapshot.Snapshot
	owners *tenant.HostOwners
	out    Result
}

// Derive determines the entries of the chosen tenants. It compares all tenants of the
// snapshot, whichever are chosen: one may claim the names of another.
func Derive(ctx context.Context, snap *snapshot.Snapshot, options Options) (Result, error) {
	chosen, err := options.choose(snap)
	if err != nil {
		return Result{}, err
	}
	if options.Resolve == nil {
		options.Resolve = address.Resolve
	}
	every := tenant.Discover(snap)
	for _, t := range chosen {
		if !slices.ContainsFunc(every, func(other tenant.Tenant) bool { return other.Name == t.Name }) {
			every = append(every, t)
		}
	}
	complete := allRead(snap, "", object.NamespaceKind, object.KustomizationKind, object.HelmReleaseKind, object.DeploymentKind, object.StatefulSetKind)
	names := tenant.HostNames(snap, every)
	d := &derivation{Options: options, snap: snap, owners: tenant.NewHostOwners(every, names)}
	d.out.All = len(options.Names) == 0 && options.Namespace == "" && complete
	d.Accepted.addTo(d.owners, func(name string) bool {
		return !complete || slices.ContainsFunc(every, func(t tenant.Tenant) bool { return t.Name == name })
	})
	d.noteUnread()
	statuses := tenant.Assess(snap, chosen)
	for i, t := range chosen {
		at := slices.IndexFunc(every, func(other tenant.Tenant) bool { return other.Name == t.Name })
		d.tenant(ctx, t, statuses[i], names[at])
	}
	return d.out, nil
}

// choose returns the tenants that were named, that of the namespace, or all.
func (o *Options) choose(snap *snapshot.Snapshot) ([]tenant.Tenant, error) {
	tenants := tenant.Discover(snap)
	if len(o.Names) == 0 && o.Namespace != "" {
		for _, t := range tenants {
			if slices.Contains(t.Namespaces, o.Namespace) {
				return []tenant.Tenant{t}, nil
			}
		}
		return []tenant.Tenant{tenant.OfNamespace(snap, o.Namespace)}, nil
	}
	if len(tenants) == 0 && o.Namespace == "" {
		return nil, selection.None(snap, o.Source)
	}
	return selection.Several(snap, o.Names, o.Namespace)
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
		if slices.ContainsFunc(listing.Unknown, func(why snapshot.Failure) bool { return why.Reason != snapshot.NotServed }) {
			return false
		}
	}
	return true
}

// noteUnread notes that names of other tenants may not be known.
func (d *derivation) noteUnread() {
	for _, kind := range append([]schema.GroupKind{object.NamespaceKind}, namingKinds...) {
		for _, why := range d.snap.List(kind, "").Unknown {
			if why.Reason != snapshot.NotServed {
				d.out.Notes = append(d.out.Notes, fmt.Sprintf("It could not be determined whether another tenant claims the same names: %s", why))
				return
			}
		}
	}
}

// tenant adds the entries of one tenant.
func (d *derivation) tenant(ctx context.Context, t tenant.Tenant, s tenant.Status, names []tenant.HostName) {
	d.out.Tenants = append(d.out.Tenants, t.Name)
	for _, namespace := range t.Namespaces {
		if !slices.Contains(d.out.Partial, t.Name) && (!allRead(d.snap, namespace, namingKinds...) || !allRead(d.snap, "", object.CertificateKind)) {
			d.out.Partial = append(d.out.Partial, t.Name)
		}
	}
	found := d.addresses(ctx, s)
	d.out.Notes = append(d.out.Notes, found.notes...)
	if found.why != "" {
		d.out.Lacking = append(d.out.Lacking, t.Name+": "+found.why)
	}
	good, withheld := d.writable(t, names, found)
	if found.why != "" {
		return
	}
	if len(good)+withheld == 0 {
		d.out.Lacking = append(d.out.Lacking, t.Name+": its Gateways have no host name that a hosts file can have"+s.UnreadSuffix())
	}
	d.out.add(t.Name, found.addresses, good)
}
