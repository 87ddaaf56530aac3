package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// Options are what NewPlan needs besides the tree and the cluster.
type Options struct {
	// Tenants limits the report to the objects of these tenants; all without any.
	Tenants []string
	// Scope is whether objects of a kind have namespaces, and whether the cluster serves the
	// kind.
	Scope func(schema.GroupKind) (namespaced, known bool)
	// Root is the live Kustomization that applies the tree's Kustomizations but is not in the
	// tree, as Root names it; nil if there is none.
	Root *unstructured.Unstructured
	// Secrets are values of Secrets that are variables of the tree. No text of a Report has
	// them.
	Secrets []string
}

// Plan is what the tree and the cluster's layers apply, before objects are compared.
type Plan struct {
	// Requests are to be answered for Compare, in this order.
	Requests []Request

	entry string
	// layers are all layers, shown those of the report.
	layers, shown []*layerPlan
	scope         func(schema.GroupKind) (namespaced, known bool)
	// by is the last layer of the tree that applies an object.
	by map[object.Key]*layerPlan
	// namespaces are those that the tree creates, kinds the versions of those that it defines.
	namespaces map[string]bool
	kinds      map[schema.GroupKind][]string
	secrets    []string
}

// layerPlan is a layer before its objects are compared.
type layerPlan struct {
	Layer
	// spec is the Kustomization as the tree has it, or the live one if the tree does not.
	spec *unstructured.Unstructured
	// live is nil if the cluster does not have the layer.
	live    *unstructured.Unstructured
	tree    *cluster.Kustomization // nil if the tree does not have it
	objects []*origin.Object
	ignore  []ignoreRule
	items   []item
	// generated are encrypted Secrets of the tree that the cluster's layer has with another hash
	// in their names: the hash is that of the decrypted content. The key has no hash.
	generated map[string]bool
}

// item is an object of a layer.
type item struct {
	ref object.Ref
	// request is the index of the answer, -1 without a request.
	request int
	// applied is the object of the tree with its position, nil if the tree does not have it.
	applied *origin.Object
	// desired is what Flux applies.
	desired *unstructured.Unstructured
	// kept is why the object is not deleted, although the tree does not have it.
	kept string
	// to is the layer that applies it now, nil if none does.
	to *layerPlan
}

// Root is the live Kustomization that applies the first Kustomizations of the tree, but is not in
// the tree itself. It is not in all trees: Flux's bootstrap adds it.
func Root(c *cluster.Cluster, live *snapshot.Snapshot) (object.Ref, bool) {
	if obj := rootOf(c, live); obj != nil {
		return object.RefOf(obj), true
	}
	return object.Ref{}, false
}

// NewPlan determines which objects are compared. The error is that of a tenant that does not
// exist.
func NewPlan(c *cluster.Cluster, live *snapshot.Snapshot, opts Options) (*Plan, error) {
	p := &Plan{
		entry: c.Entry, scope: opts.Scope, secrets: opts.Secrets,
		by: map[object.Key]*layerPlan{}, namespaces: map[string]bool{}, kinds: map[schema.GroupKind][]string{},
	}
	if opts.Root != nil {
		p.addRoot(c, opts.Root)
	}
	for _, k := range c.Kustomizations {
		p.addLayer(k, live)
	}
	for _, l := range p.layers {
		p.addBuilt(l)
	}
	for _, l := range slices.Clone(p.layers) {
		p.addPruned(l, live)
	}
	owners, err := p.tenants(live, opts.Tenants)
	if err != nil {
		return nil, err
	}
	for _, l := range p.layers {
		l.Tenant = owners.layers[l.Ref.Key()]
		l.items = filter(l.items, func(i item) bool { return owners.selects(l, i.ref) })
		p.request(l)
	}
	p.shown = filter(p.layers, owners.shows)
	return p, nil
}

// addRoot adds the layer that applies the tree's first Kustomizations.
func (p *Plan) addRoot(c *cluster.Cluster, root *unstructured.Unstructured) {
	l := &layerPlan{
		Layer: Layer{Ref: object.RefOf(root), Path: pathOf(root), State: Both, Suspended: object.Bool(root.Object, "spec", "suspend")},
		spec:  root, live: root, ignore: ignoreRules(root),
	}
	built, err := c.BuildRoot(root)
	if err != nil {
		l.Problem = "it could not be built: " + oneLine(err.Error())
	} else {
		l.objects = built.Objects
	}
	p.layers = append(p.layers, l)
}

// addLayer adds a layer of the tree.
func (p *Plan) addLayer(k *cluster.Kustomization, live *snapshot.Snapshot) {
	l := &layerPlan{
		Layer: Layer{
			Ref: k.Ref(), Path: pathOf(k.Unstructured), State: Both, Omitted: k.OtherSource,
			Suspended: object.Bool(k.Unstructured.Object, "spec", "suspend"),
		},
		spec: k.Unstructured, tree: k, ignore: ignoreRules(k.Unstructured),
	}
	switch found := live.Lookup(l.Ref); found.Presence {
	case snapshot.Present:
		l.live = found.Object
		if _, set := object.Read(k.Unstructured.Object, "spec.suspend"); !set { // Flux does not change the field
			l.Suspended = object.Bool(l.live.Object, "spec", "suspend")
		}
	case snapshot.Absent:
		l.State = New
	default:
		l.Problem = "the Kustomization could not be read: " + found.Failure.String()
	}
	switch {
	case object.Map(k.Unstructured.Object, "spec", "kubeConfig") != nil:
		l.Omitted = "it applies to another cluster (spec.kubeConfig)"
	case l.Omitted != "":
		l.Omitted = "its files are in " + l.Omitted
	case k.Err != nil:
		l.Problem = "it could not be built: " + oneLine(k.Err.Error())
	}
	if k.Built != nil && l.Omitted == "" {
		l.objects = k.Built.Objects
	}
	p.layers = append(p.layers, l)
}

// addBuilt adds the objects that a layer of the tree applies.
func (p *Plan) addBuilt(l *layerPlan) {
	for _, o := range l.objects {
		desired := o.DeepCopy()
		if namespaced, known := p.scope(desired.GroupVersionKind().GroupKind()); known && !namespaced {
			desired.SetNamespace("")
		}
		setOwner(desired, l.Ref)
		ref := object.RefOf(desired)
		switch ref.GroupKind() {
		case object.NamespaceKind:
			p.namespaces[ref.Name] = true
		case object.DefinitionKind:
			p.addKind(object.Map(desired.Object, "spec"))
		}
		p.by[ref.Key()] = l
		l.items = append(l.items, item{ref: ref, applied: o, desired: desired})
	}
}

// addKind adds the versions of a CustomResourceDefinition that are served.
func (p *Plan) addKind(spec map[string]any) {
	kind := schema.GroupKind{Group: object.Text(spec, "group"), Kind: object.Text(spec, "names", "kind")}
	for _, version := range object.List(spec, "versions") {
		if object.Bool(version, "served") {
			p.kinds[kind] = append(p.kinds[kind], kind.Group+"/"+object.Text(version, "name"))
		}
	}
}

// addPruned adds what the cluster's inventory of a layer has and the tree's layer has not.
func (p *Plan) addPruned(l *layerPlan, live *snapshot.Snapshot) {
	if l.live == nil || l.Problem != "" || l.Omitted != "" {
		return
	}
	l.generated = map[string]bool{}
	built := map[object.Key]bool{}
	encrypted := map[string]bool{}
	for _, i := range l.items {
		built[i.ref.Key()] = true
		if i.ref.GroupKind() == object.SecretKind && isEncrypted(i.desired) {
			encrypted[i.ref.Namespace+"/"+withoutHash(i.ref.Name)] = true
		}
	}
	prunes, why := object.Bool(l.spec.Object, "spec", "prune"), "spec.prune of its layer is false"
	if l.State == Removed {
		prunes, why = deletes(l.live)
	}
	if prunes {
		why = ""
	}
	for _, ref := range health.Inventory(l.live) {
		if name := ref.Namespace + "/" + withoutHash(ref.Name); ref.GroupKind() == object.SecretKind && encrypted[name] {
			l.generated[name] = true
			continue
		}
		if built[ref.Key()] {
			continue
		}
		l.items = append(l.items, item{ref: ref, kept: why, to: p.by[ref.Key()]})
		if ref.GroupKind() == object.KustomizationKind && prunes && p.by[ref.Key()] == nil {
			p.addRemoved(ref, live)
		}
	}
}

// addRemoved adds a layer that the tree no longer has, and that Flux deletes.
func (p *Plan) addRemoved(ref object.Ref, live *snapshot.Snapshot) {
	obj := live.Lookup(ref).Object
	if obj == nil || slices.ContainsFunc(p.layers, func(l *layerPlan) bool { return l.Ref.Same(ref) }) {
		return
	}
	if _, kept := find(obj, notPruned); kept {
		return
	}
	l := &layerPlan{Layer: Layer{Ref: ref, Path: pathOf(obj), State: Removed}, spec: obj, live: obj}
	p.layers = append(p.layers, l)
	p.addPruned(l, live)
}

// request adds the requests of a layer's objects.
func (p *Plan) request(l *layerPlan) {
	for n := range l.items {
		i := &l.items[n]
		r := Request{Ref: i.ref}
		i.request = -1
		switch {
		case i.desired == nil, isEncrypted(i.desired):
		case unresolved(l, i.desired) != "":
			continue
		default:
			r.Object = i.desired
		}
		i.request = len(p.Requests)
		p.Requests = append(p.Requests, r)
	}
}

// unresolved is the name of a variable in an object that has no known value, or "".
func unresolved(l *layerPlan, obj *unstructured.Unstructured) string {
	if l.tree == nil || !l.tree.Incomplete() {
		return ""
	}
	found := ""
	var walk func(value any)
	walk = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		case string:
			if name := variable.UnresolvedName(v); name != "" && (found == "" || name < found) {
				found = name
			}
		}
	}
	walk(obj.Object)
	return found
}

// withoutHash is the name of a generated object without the hash of its content, which kustomize
// appends (sigs.k8s.io/kustomize/api v0.21.1, hasher: ten characters).
func withoutHash(name string) string {
	if at := strings.LastIndexByte(name, '-'); at > 0 && len(name)-at-1 == 10 {
		return name[:at]
	}
	return name
}

// oneLine is a text without line breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// sortChanges sorts changes by action, then by object.
func sortChanges(changes []Change) {
	rank := map[Action]int{}
	for i, action := range Actions {
		rank[action] = i
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank[a.Action], rank[b.Action]), a.Ref.Compare(b.Ref))
	})
}

// dependsOn reports whether a layer of the tree depends on another, directly or not.
func (p *Plan) dependsOn(l, other *layerPlan) bool {
	seen := map[object.Key]bool{}
	var reaches func(from *layerPlan) bool
	reaches = func(from *layerPlan) bool {
		for _, ref := range health.Dependencies(from.spec) {
			if ref.Same(other.Ref) {
				return true
			}
			if next := p.layer(ref); next != nil && !seen[ref.Key()] {
				seen[ref.Key()] = true
				if reaches(next) {
					return true
				}
			}
		}
		return false
	}
	return reaches(l)
}

func (p *Plan) layer(ref object.Ref) *layerPlan {
	for _, l := range p.layers {
		if l.Ref.Same(ref) {
			return l
		}
	}
	return nil
}

// pruneMessage is why an object is deleted.
func pruneMessage(l *layerPlan) string {
	if l.State == Removed {
		return "its layer is removed"
	}
	return fmt.Sprintf("layer %s no longer has it", l.Ref.Name)
}
