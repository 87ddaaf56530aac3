// Package rule is what the rules of lint share: a rule, its findings, and the facts that rules
// ask of a cluster that a tree describes.
package rule

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

// Rule finds one kind of defect in a tree. Exactly one of Cluster, Kustomization, Object and
// Tree is set.
type Rule struct {
	// Code is that of a finding of explain if both ask the same question. Otherwise its second
	// digit is 9.
	Code finding.Code
	// Name is lower case with hyphens; users name the rule by it.
	Name     string
	Severity finding.Severity
	// Title is a sentence without a period: what is wrong where the rule finds something.
	Title string

	// Tree runs once for a tree.
	Tree func(t *Tree)
	// Cluster runs once for each cluster.
	Cluster func(c *Context)
	// Kustomization runs for each Kustomization of a cluster.
	Kustomization func(c *Context, k *cluster.Kustomization)
	// Object runs for each object that a Kustomization or a chart in the tree contains.
	Object func(c *Context, o *cluster.Object)
}

// Kubernetes is the version of Kubernetes that is used if the user names none: that of the schemas
// and of k8s.io/api.
const Kubernetes = "1.36"

// Options are what a tree is checked against.
type Options struct {
	// Flux and Kubernetes are the minor versions that will run, "2.8" and "1.36".
	Flux, Kubernetes string
}

// Finding is one defect of a tree.
type Finding struct {
	finding.Finding
	// Rule is the name of the rule.
	Rule string
	At   tree.Position
	// Files are those that have the object, and the others with the same defect.
	Files []string
	// Layer is the Kustomization that applies the object, if any.
	Layer object.Ref
	// Others are the other objects that have the same defect because of the same line, for
	// example because a base is used by several tenants.
	Others []object.Ref
	// Changes fix the defect without a decision by a person. They are about the files as they
	// are.
	Changes []edit.Change
}

// Tree is what rules that look at files get.
type Tree struct {
	*tree.Tree
	// Used are the kustomization files that the clusters use.
	Used   []string
	report func(Finding)
	rule   *Rule
}

// Report reports a defect at a position.
func (t *Tree) Report(at tree.Position, message string, fix finding.Fix, changes ...edit.Change) {
	f := newFinding(t.rule, at, object.Ref{}, message, []finding.Fix{fix})
	f.Changes = changes
	t.report(f)
}

// Context is what the other rules get: a cluster, with its objects by kind and name.
type Context struct {
	*cluster.Cluster
	Options
	byKind map[string][]*cluster.Object
	byKey  map[object.Key][]*cluster.Object
	// byNamespace has keys without a name.
	byNamespace map[object.Key][]*cluster.Object
	// These are indexed when they are first needed.
	// incomplete is how many charts and sources that are not in the tree may create objects, by
	// namespace.
	incomplete map[string]int
	dependents map[object.Key][]*cluster.Kustomization
	appliedBy  map[*cluster.Kustomization][]*cluster.Object
	// rendered are the HelmReleases all of whose objects are among those of the cluster.
	rendered map[*cluster.Object]bool
	facts    *engine.Context
	// hooks are the objects that Helm creates for the releases whose charts are in the tree.
	hooks map[object.Key]bool
	// others are the clusters of the same tree.
	others []*cluster.Cluster
	// creators are the namespaces in which a controller may create objects of a class.
	creators map[creation]bool
	report   func(Finding)
	rule     *Rule
}

// NewContext indexes a cluster, which can be one of several in a tree. Findings are given to a
// function.
func NewContext(c *cluster.Cluster, all []*cluster.Cluster, options Options, report func(Finding)) *Context {
	x := &Context{
		Cluster: c, others: all, Options: options, byKind: map[string][]*cluster.Object{}, byKey: map[object.Key][]*cluster.Object{},
		byNamespace: map[object.Key][]*cluster.Object{}, rendered: map[*cluster.Object]bool{}, creators: map[creation]bool{},
		hooks: map[object.Key]bool{}, report: report,
	}
	for _, release := range c.Releases {
		x.rendered[release.Object] = complete(release)
		for _, hook := range release.Hooks {
			x.hooks[hook.Ref().Key()] = true
		}
	}
	for _, o := range c.Objects {
		x.noteCreator(o)
		key := o.Ref().Key()
		x.byKind[kindKey(key.Group, key.Kind)] = append(x.byKind[kindKey(key.Group, key.Kind)], o)
		x.byKey[key] = append(x.byKey[key], o)
		key.Name = ""
		x.byNamespace[key] = append(x.byNamespace[key], o)
	}
	return x
}

// complete reports whether the objects of a release are known: its chart was rendered, and neither
// asks for what is in the cluster nor has hooks that create other objects than pods.
func complete(release *cluster.Release) bool {
	return release.Rendered && !release.Unsure && !slices.ContainsFunc(release.Hooks, func(hook *cluster.Object) bool {
		return !slices.Contains(hookPods, hook.Ref().GroupKind())
	})
}

// hookPods are the kinds of hooks that end.
var hookPods = []schema.GroupKind{object.PodKind, object.JobKind}

func kindKey(group, kind string) string { return group + "/" + kind }

// Run runs a rule on the cluster.
func (c *Context) Run(r *Rule) {
	c.rule = r
	switch {
	case r.Cluster != nil:
		r.Cluster(c)
	case r.Kustomization != nil:
		for _, k := range c.Kustomizations {
			r.Kustomization(c, k)
		}
	case r.Object != nil:
		for _, o := range c.Objects {
			r.Object(c, o)
		}
	}
}

// RunTree runs a rule that looks at files.
func RunTree(r *Rule, t *tree.Tree, used []string, report func(Finding)) {
	r.Tree(&Tree{Tree: t, Used: used, report: report, rule: r})
}

// Report reports a defect of an object at a field, in the notation of object.Read. The message
// follows the name of the object; it needs no namespace for other objects in the same one.
func (c *Context) Report(o *cluster.Object, field, message string, fixes ...finding.Fix) {
	at, _ := o.Locate(field)
	f := newFinding(c.rule, at, o.Ref(), Local(o, message), fixes)
	if value, ok := quote(o, field); ok {
		f.Evidence = []finding.Evidence{{Ref: o.Ref(), Field: field, Value: value}}
	}
	for i := range f.Fixes {
		if f.Fixes[i].File == o.File() { // a patch or an overlay may set the field
			f.Fixes[i].File = at.File
		}
	}
	c.reportOn(o, f)
}

// reportOn reports a finding about an object.
func (c *Context) reportOn(o *cluster.Object, f Finding) {
	f.Files = []string{o.File()}
	if o.Release != nil {
		f.Files = append(f.Files, o.Release.File())
	}
	if o.By != nil {
		f.Layer = o.By.Ref()
	}
	c.report(f)
}

// quote is the value of a field, if it is a scalar: a map or list may contain a secret.
func quote(o *cluster.Object, field string) (string, bool) {
	switch value, _ := object.Read(o.Unstructured.Object, field); value.(type) {
	case map[string]any, []any:
		return "", false
	}
	return object.Quote(o.Unstructured.Object, field)
}

// ReportChange reports a defect of an object at a field, which changes fix. An object that is not in
// the tree, or was composed of several files, can't be changed.
func (c *Context) ReportChange(o *cluster.Object, field, message string, fix finding.Fix, changes ...edit.Change) {
	if o.Release != nil { // templates are not changed
		changes = nil
	}
	report := c.report
	defer func() { c.report = report }()
	if o.IsRemote() || slices.ContainsFunc(changes, func(change edit.Change) bool { return change.At.Line == 0 }) {
		changes = nil
	}
	c.report = func(f Finding) {
		f.Changes = changes
		report(f)
	}
	c.Report(o, field, message, fix)
}

// WithSeverity reports the findings of a function with another severity than that of the rule.
func (c *Context) WithSeverity(severity finding.Severity, find func()) {
	report := c.report
	defer func() { c.report = report }()
	c.report = func(f Finding) {
		f.Severity = severity
		report(f)
	}
	find()
}

// ReportAt reports a defect of an object at a position.
func (c *Context) ReportAt(at tree.Position, o *cluster.Object, message string, fixes ...finding.Fix) {
	c.reportOn(o, newFinding(c.rule, at, o.Ref(), Local(o, message), fixes))
}

func newFinding(r *Rule, at tree.Position, ref object.Ref, message string, fixes []finding.Fix) Finding {
	return Finding{
		Finding: finding.Finding{Code: r.Code, Severity: r.Severity, Ref: ref, Message: message, Fixes: fixes},
		Rule:    r.Name, At: at,
	}
}
