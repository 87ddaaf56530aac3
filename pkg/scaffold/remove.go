package scaffold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/rewrite"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
)

// RemoveOptions select what is removed.
type RemoveOptions struct {
	Name string
	// Entry is the entry of the tenant's cluster, if several have a tenant of its name.
	Entry string
	// DeleteData also removes what may hold data: the namespace, with its volumes and Secrets,
	// databases, certificates and everything of a kind that is not known to have no data.
	DeleteData bool
}

// Removed is what removing a tenant changes.
type Removed struct {
	Tenant  *Tenant
	Changes []Change
	// Deleted are the objects that Flux deletes, and Data those that hold data: they stay, or,
	// with DeleteData, Flux deletes them as well.
	Deleted, Data []*cluster.Object
	// Unpruned are the layers that Flux does not prune: their objects stay in the cluster.
	Unpruned []object.Ref
	// Mentions are the places in shared files that name the tenant.
	Mentions []tree.Position
	// Unused are the files next to the tenant's that no layer uses. They are not removed.
	Unused []string
}

// stateless are the kinds that hold no data: they can be applied again from Git. What is not
// listed stays until DeleteData: Secrets, volumes, databases and certificates with their keys,
// and the policies that protect them.
var stateless = map[schema.GroupKind]bool{
	object.DeploymentKind: true, object.DaemonSetKind: true, object.ReplicaSetKind: true, object.JobKind: true, object.CronJobKind: true,
	object.AutoscalerKind: true, object.BudgetKind: true, object.ServiceKind: true, object.EndpointSliceKind: true,
	object.IngressKind: true, object.ConfigMapKind: true, object.ServiceAccountKind: true,
	object.GatewayKind: true, object.VirtualServiceKind: true, object.DestinationRuleKind: true, object.ServiceEntryKind: true,
	object.APIGatewayKind: true, object.HTTPRouteKind: true, object.GRPCRouteKind: true, object.TLSRouteKind: true,
	object.TCPRouteKind: true, object.UDPRouteKind: true, object.ReferenceGrantKind: true,
	{Group: "monitoring.coreos.com", Kind: "ServiceMonitor"}: true, {Group: "monitoring.coreos.com", Kind: "PodMonitor"}: true,
	{Group: "monitoring.coreos.com", Kind: "PrometheusRule"}: true, {Group: "rbac.authorization.k8s.io", Kind: "Role"}: true,
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}: true,
}

// statelessCharts are the charts of Istio whose releases hold no data (istio/istio,
// manifests/charts).
var statelessCharts = map[string]bool{"gateway": true, "base": true, "istiod": true, "cni": true, "ztunnel": true}

// HoldsData reports whether an object may hold data.
func HoldsData(o *cluster.Object) bool {
	gk := o.Ref().GroupKind()
	if gk == object.HelmReleaseKind {
		return !statelessCharts[object.Text(o.Unstructured.Object, "spec", "chart", "spec", "chart")]
	}
	return !stateless[gk]
}

// removal is a tenant that is being removed.
type removal struct {
	repository *Repository
	tenant     *Tenant
	options    RemoveOptions
	result     *Removed
	// data are the objects that stay, by layer.
	data map[*cluster.Kustomization][]*cluster.Object
}

// Remove removes a tenant. Without DeleteData, its layers stay and apply only what holds data; a
// layer without such objects is removed. With DeleteData, all files that only the tenant uses
// are removed. The changed tree has been built: nothing else changes.
func Remove(ctx context.Context, t *tree.Tree, options RemoveOptions) (*Removed, error) {
	r, err := Find(ctx, t)
	if err != nil {
		return nil, err
	}
	found, err := r.Named(options.Name, options.Entry)
	if err != nil {
		return nil, err
	}
	m := &removal{repository: r, tenant: found, options: options, result: &Removed{Tenant: found}, data: map[*cluster.Kustomization][]*cluster.Object{}}
	if err := m.check(); err != nil {
		return nil, err
	}
	m.sortObjects()
	if err := m.change(); err != nil {
		return nil, err
	}
	sorted(m.result.Changes)
	if err := m.verify(ctx); err != nil {
		return nil, err
	}
	m.result.Mentions = r.mentions(found)
	m.result.Unused = r.unused(found)
	return m.result, nil
}

// check rejects a tenant that can't be removed without affecting others.
func (m *removal) check() error {
	t := m.tenant
	if len(t.Layers) == 0 {
		return advice.Add(fmt.Errorf("tenant %s has no layers of its own: a Kustomization that also serves others applies its objects", t.Name),
			"Remove its objects from that Kustomization.")
	}
	for _, k := range t.Layers {
		switch {
		case k.OtherSource != "":
			return advice.Add(fmt.Errorf("the files of %s are in %s, not in this tree", k.Ref(), k.OtherSource), "Remove the tenant there.")
		case k.Err != nil:
			return advice.Add(fmt.Errorf("%s can't be built, so what Flux would delete is not known: %w", k.Ref(), k.Err), "Fix it first. See: kubectl orthweb lint")
		case !slices.Contains(t.Files, k.File()):
			return advice.Add(fmt.Errorf("%s defines more than the layers of %s, or does not have its name", k.Start(), t.Name),
				"Move %s to a file of its own, whose name contains %s.", k.Ref(), t.Name)
		}
	}
	return m.checkDependents()
}

// checkDependents rejects a tenant whose layers others depend on.
func (m *removal) checkDependents() error {
	for _, k := range m.tenant.cluster.Kustomizations {
		if m.tenant.applies(k) {
			continue
		}
		for i, need := range health.Dependencies(k.Unstructured) {
			if slices.ContainsFunc(m.tenant.Layers, func(own *cluster.Kustomization) bool { return own.Ref().Same(need) }) {
				p, _ := k.Locate(fmt.Sprintf("spec.dependsOn[%d]", i))
				return advice.Add(fmt.Errorf("%s depends on %s: %s", k.Ref(), need, p), "Remove the dependency first.")
			}
		}
	}
	return nil
}

// sortObjects decides for each object whether it holds data. What such an object needs stays
// with it.
func (m *removal) sortObjects() {
	for _, k := range m.tenant.Layers {
		if !object.Bool(k.Unstructured.Object, "spec", "prune") || object.Text(k.Unstructured.Object, "spec", "deletionPolicy") == "Orphan" {
			m.result.Unpruned = append(m.result.Unpruned, k.Ref())
		}
	}
	all := m.tenant.Objects()
	keep := map[*cluster.Object]bool{}
	for _, o := range all {
		keep[o] = HoldsData(o)
	}
	for again := true; again; {
		again = false
		for _, o := range all {
			if !keep[o] && slices.ContainsFunc(all, func(by *cluster.Object) bool { return keep[by] && needs(by, o) }) {
				keep[o], again = true, true
			}
		}
	}
	for _, o := range all {
		if keep[o] {
			m.result.Data = append(m.result.Data, o)
			m.data[o.By] = append(m.data[o.By], o)
		} else {
			m.result.Deleted = append(m.result.Deleted, o)
		}
	}
	for _, list := range []*[]*cluster.Object{&m.result.Data, &m.result.Deleted} {
		slices.SortStableFunc(*list, func(a, b *cluster.Object) int { return a.Ref().Compare(b.Ref()) })
		*list = slices.CompactFunc(*list, func(a, b *cluster.Object) bool { return a.Ref().Same(b.Ref()) })
	}
}

// needed are the kinds that an object with data can refer to by name.
var needed = map[schema.GroupKind]bool{
	object.ConfigMapKind: true, object.SecretKind: true, object.ServiceAccountKind: true, object.HelmReleaseKind: true, object.ServiceKind: true,
}

// needs reports whether an object names another in its spec.
func needs(by, o *cluster.Object) bool {
	if !needed[o.Ref().GroupKind()] || by.GetNamespace() != o.GetNamespace() {
		return false
	}
	var names func(value any) bool
	names = func(value any) bool {
		switch v := value.(type) {
		case string:
			return v == o.GetName()
		case []any:
			return slices.ContainsFunc(v, names)
		case map[string]any:
			for key, inner := range v {
				if key != "labels" && key != "matchLabels" && names(inner) {
					return true
				}
			}
		}
		return false
	}
	return names(by.Unstructured.Object["spec"])
}

// change collects the changes.
func (m *removal) change() error {
	gone := m.goneLayers()
	if len(gone) == len(m.tenant.Layers) {
		return m.removeFiles(m.tenant)
	}
	if len(gone) > 0 {
		if err := m.removeFiles(m.part(gone)); err != nil {
			return err
		}
	}
	for _, k := range m.tenant.Layers {
		if slices.Contains(gone, k) {
			continue
		}
		if err := m.reduce(k); err != nil {
			return err
		}
	}
	if len(m.result.Changes) == 0 {
		return advice.Add(fmt.Errorf("only the data of tenant %s is left", m.tenant.Name), "Save what you need, then add --delete-data.")
	}
	return nil
}

// goneLayers are the layers that are removed: all with DeleteData, otherwise those without data
// that no other layer of the tenant depends on or shares a file with.
func (m *removal) goneLayers() []*cluster.Kustomization {
	var gone []*cluster.Kustomization
	for _, k := range slices.Backward(m.tenant.Layers) { // those that depend on others first
		needed := slices.ContainsFunc(m.tenant.Layers, func(other *cluster.Kustomization) bool {
			depends := slices.ContainsFunc(health.Dependencies(other.Unstructured), func(need object.Ref) bool { return need.Same(k.Ref()) })
			return other != k && !slices.Contains(gone, other) && (depends || other.File() == k.File())
		})
		if m.options.DeleteData || len(m.data[k]) == 0 && !needed {
			gone = append(gone, k)
		}
	}
	return gone
}

// part is the tenant with some of its layers, and the files that only these use.
func (m *removal) part(layers []*cluster.Kustomization) *Tenant {
	part := *m.tenant
	part.Layers = layers
	part.Files = m.repository.ownFiles(&part)
	return &part
}

// removeFiles removes the own files of a tenant, and their entries in lists.
func (m *removal) removeFiles(t *Tenant) error {
	for _, l := range m.repository.listings(t) {
		before, after, err := rewrite.RemoveEntries(m.repository.Tree, l.file, l.targets)
		if err != nil {
			return err
		}
		m.result.Changes = append(m.result.Changes, Change{Path: l.file, Before: before, After: after})
	}
	for _, file := range t.Files {
		text, err := m.repository.Tree.ReadFile(file)
		if err != nil {
			return err
		}
		m.result.Changes = append(m.result.Changes, Change{Path: file, Before: text})
	}
	return nil
}

// reduce makes a layer apply only the objects with data.
func (m *removal) reduce(k *cluster.Kustomization) error {
	var deleted []*cluster.Object
	for _, o := range m.result.Deleted {
		if slices.ContainsFunc(k.Built.Objects, func(built *origin.Object) bool { return object.RefOf(built.Unstructured).Same(o.Ref()) }) {
			deleted = append(deleted, o)
		}
	}
	checks := m.staleChecks(k)
	if len(deleted)+len(checks) == 0 {
		return nil
	}
	const hint = "Write the files in block style, or use --delete-data after you have saved the data."
	if err := m.rewrite(k.File(), func(text []byte) ([]byte, error) {
		return rewrite.ReduceLayer(k.File(), text, k.Ref(), deleted, checks)
	}); err != nil {
		return advice.Add(err, hint)
	}
	for _, u := range m.repository.uses.list {
		if u.by != k {
			continue
		}
		for _, file := range u.Files {
			if _, isKustomization := u.Names[file]; !isKustomization || !slices.Contains(m.tenant.Files, file) {
				continue
			}
			if err := m.rewrite(file, func(text []byte) ([]byte, error) { return rewrite.RemoveReplicas(file, text, deleted) }); err != nil {
				return advice.Add(err, hint)
			}
		}
	}
	return nil
}

// rewrite changes a file, which may have been changed already.
func (m *removal) rewrite(file string, change func(text []byte) ([]byte, error)) error {
	i := slices.IndexFunc(m.result.Changes, func(c Change) bool { return c.Path == file })
	var text []byte
	var err error
	if i >= 0 {
		text = m.result.Changes[i].After
	} else if text, err = m.repository.Tree.ReadFile(file); err != nil {
		return err
	}
	after, err := change(text)
	switch {
	case err != nil:
		return err
	case i >= 0:
		m.result.Changes[i].After = after
	case !bytes.Equal(text, after):
		m.result.Changes = append(m.result.Changes, Change{Path: file, Before: text, After: after})
	}
	return nil
}

// staleChecks are the indices of the health checks of objects that are deleted, or that a
// deleted release installs.
func (m *removal) staleChecks(k *cluster.Kustomization) []int {
	var stale []int
	for i, check := range object.List(k.Unstructured.Object, "spec", "healthChecks") {
		ref := object.Ref{
			APIVersion: object.Text(check, "apiVersion"), Kind: object.Text(check, "kind"),
			Namespace: object.Text(check, "namespace"), Name: object.Text(check, "name"),
		}
		if slices.ContainsFunc(m.result.Deleted, func(o *cluster.Object) bool { return o.Ref().Same(ref) || installs(o, ref) }) {
			stale = append(stale, i)
		}
	}
	return stale
}

// installs reports whether the name of an object begins with that of a release in its namespace.
func installs(o *cluster.Object, ref object.Ref) bool {
	if o.Ref().GroupKind() != object.HelmReleaseKind || o.GetNamespace() != ref.Namespace || ref.GroupKind() == object.HelmReleaseKind {
		return false
	}
	release := object.Text(o.Unstructured.Object, "spec", "releaseName")
	if release == "" {
		release = o.GetName()
	}
	named := object.Text(o.Unstructured.Object, "spec", "values", "name")
	return strings.HasPrefix(ref.Name, release) || named != "" && strings.HasPrefix(ref.Name, named)
}

// verify builds the changed tree, and checks that all objects with data are the same, and that
// nothing else changed.
func (m *removal) verify(ctx context.Context) error {
	after, err := Apply(m.repository.Tree, m.result.Changes)
	if err != nil {
		return err
	}
	changed, err := Find(ctx, after)
	if err != nil {
		return err
	}
	left, err := changed.Named(m.tenant.Name, m.tenant.Entry)
	all := m.options.DeleteData || len(m.result.Data) == 0
	switch {
	case all && err == nil:
		return fmt.Errorf("check the removal: the tree would still have tenant %s: %s", left.Name, left.Layers[0].Start())
	case !all && err != nil:
		return fmt.Errorf("check the removal: the data of the tenant would not be found: %w", err)
	}
	if err := unchanged(m.repository, changed, m.tenant, left); err != nil {
		return fmt.Errorf("check the removal: %w", err)
	}
	if all {
		return nil
	}
	return m.verifyData(left)
}

// verifyData checks that exactly the objects with data are left, unchanged.
func (m *removal) verifyData(left *Tenant) error {
	current := map[string]*cluster.Object{}
	for _, o := range left.Objects() {
		current[o.By.Ref().String()+"\x00"+o.Ref().String()] = o
	}
	for k, objects := range m.data {
		for _, o := range objects {
			id := k.Ref().String() + "\x00" + o.Ref().String()
			now := current[id]
			if now == nil || !reflect.DeepEqual(now.Unstructured.Object, o.Unstructured.Object) {
				return errors.New("check the removal: " + o.Ref().String() + " holds data and would change: " + o.Start().String())
			}
			delete(current, id)
		}
	}
	for _, o := range current {
		return fmt.Errorf("check the removal: %s would not be removed: %s", o.Ref(), o.Start())
	}
	return nil
}
