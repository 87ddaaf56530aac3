package scaffold

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// Repository is a tree with its tenants.
type Repository struct {
	Tree *tree.Tree
	// Tenants are those of all clusters, by entry and name.
	Tenants []*Tenant

	clusters []*cluster.Cluster
	uses     uses
}

// Tenant is a tenant of a tree.
type Tenant struct {
	// Name is the one that `status` shows.
	Name string
	// Entry is the directory of the first Kustomization of its cluster.
	Entry string
	// Namespaces contain its objects.
	Namespaces []string
	// Layers are its own Kustomizations, in the order in which Flux applies them.
	Layers []*cluster.Kustomization
	// Hosts are the names that its objects serve, sorted.
	Hosts []string
	// Domain is the domain that all hosts share and no other tenant uses, "" if there is none.
	Domain string
	// Addresses are those of load balancers, and Titles the AE titles, that its objects specify.
	Addresses, Titles []string
	// Files are those that only its layers use and that have its name in their path, sorted.
	Files []string

	cluster *cluster.Cluster
}

// Find finds the tenants of a tree.
func Find(ctx context.Context, t *tree.Tree) (*Repository, error) {
	clusters, err := cluster.Discover(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("find the tenants of the tree: %w", err)
	}
	r := &Repository{Tree: t, clusters: clusters, uses: usesOf(clusters)}
	for _, c := range clusters {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.Tenants = append(r.Tenants, tenantsOf(c)...)
	}
	for _, found := range r.Tenants {
		found.Files = r.ownFiles(found)
	}
	slices.SortStableFunc(r.Tenants, func(a, b *Tenant) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Name, b.Name))
	})
	return r, nil
}

// tenantsOf are the tenants of a cluster: those that `status` would find after Flux has applied
// it.
func tenantsOf(c *cluster.Cluster) []*Tenant {
	var all []*Tenant
	for _, found := range tenant.Discover(applied(c)) {
		t := &Tenant{Name: found.Name, Entry: c.Entry, Namespaces: found.Namespaces, cluster: c}
		for _, l := range found.Layers {
			i := slices.IndexFunc(c.Kustomizations, func(k *cluster.Kustomization) bool { return k.Ref().Same(l.Ref) })
			if i >= 0 && !l.Shared {
				t.Layers = append(t.Layers, c.Kustomizations[i])
			}
		}
		t.addFacts()
		all = append(all, t)
	}
	for _, t := range all {
		t.Domain = t.ownDomain(all)
	}
	return all
}

// applied is the cluster as a snapshot, as if Flux had applied it.
func applied(c *cluster.Cluster) *snapshot.Snapshot {
	b := snapshot.NewBuilder()
	b.SetComplete()
	objects := map[schema.GroupVersionKind][]*unstructured.Unstructured{}
	add := func(o *unstructured.Unstructured) {
		objects[o.GroupVersionKind()] = append(objects[o.GroupVersionKind()], o)
	}
	for _, k := range c.Kustomizations {
		add(withStatus(k))
	}
	for _, o := range c.Objects {
		if o.Ref().GroupKind() != object.KustomizationKind {
			add(o.DeepCopy())
		}
	}
	for gvk, list := range objects {
		request := snapshot.Request{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Resource: object.PluralOf(gvk.Kind)}
		b.Add(request, list...)
	}
	return b.Build(snapshot.Meta{})
}

// ownerLabel is the prefix of the labels with which kustomize-controller marks what it applies
// (kustomize-controller v1.9.5, internal/controller).
const ownerLabel = "kustomize.toolkit.fluxcd.io/"

// withStatus is a Kustomization with the inventory of what it applies.
func withStatus(k *cluster.Kustomization) *unstructured.Unstructured {
	o := k.DeepCopy()
	if k.By != nil {
		labels := o.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[ownerLabel+"name"], labels[ownerLabel+"namespace"] = k.By.GetName(), k.By.GetNamespace()
		o.SetLabels(labels)
	}
	var entries []any
	if k.Built != nil {
		for _, built := range k.Built.Objects {
			ref := object.RefOf(built.Unstructured)
			gk := ref.GroupKind()
			name := strings.ReplaceAll(ref.Name, ":", "__")
			entries = append(entries, map[string]any{
				"id": strings.Join([]string{ref.Namespace, name, gk.Group, gk.Kind}, "_"), "v": built.GroupVersionKind().Version,
			})
		}
	}
	o.Object["status"] = map[string]any{"inventory": map[string]any{"entries": entries}}
	return o
}

// Objects are the objects that the tenant's layers apply.
func (t *Tenant) Objects() []*cluster.Object {
	var all []*cluster.Object
	for _, k := range t.Layers {
		if k.Built == nil {
			continue
		}
		for _, o := range k.Built.Objects {
			all = append(all, &cluster.Object{Object: o, By: k})
		}
	}
	return all
}

// addFacts reads hosts, addresses and AE titles from the objects.
func (t *Tenant) addFacts() {
	for _, o := range t.Objects() {
		t.Hosts = append(t.Hosts, hosts(o.Unstructured)...)
		t.Addresses = append(t.Addresses, addresses(o.Unstructured)...)
		t.Titles = append(t.Titles, titles(o.Unstructured)...)
	}
	for _, list := range []*[]string{&t.Hosts, &t.Addresses, &t.Titles} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// ownDomain is the domain of the hosts. Where that is also the parent of another tenant's hosts,
// because one of the hosts is not in the tenant's domain, it is the domain of most hosts.
func (t *Tenant) ownDomain(all []*Tenant) string {
	candidates := []string{domainOf(t.Hosts)}
	for _, host := range t.Hosts {
		_, parent, _ := strings.Cut(strings.TrimPrefix(host, "*."), ".")
		candidates = append(candidates, parent, strings.TrimPrefix(host, "*."))
	}
	best, most := "", 0
	for _, domain := range candidates {
		covered := t.hostsIn(domain)
		if len(covered) <= most || !strings.Contains(domain, ".") || t.isShared(domain, all) {
			continue
		}
		best, most = domain, len(covered)
	}
	return best
}

// hostsIn are the hosts in a domain.
func (t *Tenant) hostsIn(domain string) []string {
	var found []string
	for _, host := range t.Hosts {
		if within(host, domain) {
			found = append(found, host)
		}
	}
	return found
}

// isShared reports whether another tenant has as many or more hosts in a domain, or hosts in it
// that the tenant does not have.
func (t *Tenant) isShared(domain string, all []*Tenant) bool {
	own := t.hostsIn(domain)
	return slices.ContainsFunc(all, func(other *Tenant) bool {
		theirs := other.hostsIn(domain)
		return other != t && len(theirs) > 0 && (len(theirs) >= len(own) || len(own) == len(t.Hosts) && !subset(theirs, own))
	})
}

func subset(list, of []string) bool {
	return !slices.ContainsFunc(list, func(entry string) bool { return !slices.Contains(of, entry) })
}

// Names are the names of all tenants.
func (r *Repository) Names() []string {
	names := map[string]bool{}
	for _, t := range r.Tenants {
		names[t.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Named finds the tenant of a name, and of an entry unless that is "".
func (r *Repository) Named(name, entry string) (*Tenant, error) {
	var found []*Tenant
	for _, t := range r.Tenants {
		if t.Name == name && (entry == "" || t.Entry == entry) {
			found = append(found, t)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return nil, r.notFound(name, entry)
	}
	var entries []string
	for _, t := range found {
		entries = append(entries, t.Entry)
	}
	return nil, advice.Add(fmt.Errorf("%d clusters of the repository have a tenant %q", len(found), name), "Specify one with --entry: %s.", escape.List(entries))
}

func (r *Repository) notFound(name, entry string) error {
	if len(r.Tenants) == 0 {
		return advice.Add(errors.New("no tenant was found: no layer in the repository applies an Orthanc, or a namespace that ends in -orthweb"),
			"Specify the GitOps repository with --repo.")
	}
	err := fmt.Errorf("tenant %q does not exist in the repository", name)
	if entry != "" {
		err = fmt.Errorf("tenant %q does not exist in the cluster of %s", name, entry)
	}
	names := r.Names()
	if near := similar.Nearest(name, names); near != "" {
		return advice.Add(err, "Did you mean %s?", near)
	}
	return advice.Add(err, "Tenants: %s.", escape.List(names))
}

// Side is the tenant for a comparison.
func (t *Tenant) Side() compare.Side {
	s := compare.Side{Name: t.Name, Namespaces: t.Namespaces, Domain: t.Domain, Addresses: t.Addresses, Keep: t.foreignNames()}
	for _, k := range t.Layers {
		l := compare.Layer{Name: k.GetName()}
		l.Objects = append(l.Objects, comparable(k.Object))
		if k.Err != nil {
			s.Unknown = append(s.Unknown, fmt.Sprintf("%s can't be built: %v", k.Ref(), k.Err))
		}
		if k.OtherSource != "" {
			s.Unknown = append(s.Unknown, fmt.Sprintf("the files of %s are in %s", k.Ref(), k.OtherSource))
		}
		if k.Built != nil {
			for _, o := range k.Built.Objects {
				l.Objects = append(l.Objects, comparable(&cluster.Object{Object: o}))
			}
		}
		s.Layers = append(s.Layers, l)
	}
	return s
}

func comparable(o *cluster.Object) compare.Object {
	return compare.Object{Unstructured: o.Unstructured, Locate: func(field string) tree.Position {
		if field == "" {
			return o.Start()
		}
		p, _ := o.Locate(field)
		return p
	}}
}

// foreignNames are the names of objects and tenants that contain the tenant's name as a word,
// but are not its own: they are not replaced.
func (t *Tenant) foreignNames() []string {
	own := map[object.Key]bool{}
	for _, k := range t.Layers {
		own[k.Ref().Key()] = true
	}
	names := map[string]bool{}
	add := func(name string) {
		if name != t.Name && !slices.Contains(t.Namespaces, name) && hasWord(name, t.Name) {
			names[name] = true
		}
	}
	for _, o := range t.cluster.Objects {
		if !t.applies(o.By) && !own[o.Ref().Key()] {
			add(o.GetName())
			add(o.GetNamespace())
		}
	}
	for _, other := range tenant.Discover(applied(t.cluster)) {
		add(other.Name)
	}
	return slices.Sorted(maps.Keys(names))
}

// applies reports whether a Kustomization is one of the tenant's layers.
func (t *Tenant) applies(k *cluster.Kustomization) bool {
	return slices.Contains(t.Layers, k)
}

// hasWord reports whether a text has a name as a word.
func hasWord(text, name string) bool {
	w := compare.Words{}
	w.Name(name, name+"\x00")
	return w.Has(text)
}
