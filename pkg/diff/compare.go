package diff

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Compare turns the answers to the plan's Requests into a Report.
func (p *Plan) Compare(answers []Answer) *Report {
	r := &Report{Entry: p.entry}
	for _, l := range p.shown {
		out := l.Layer
		for _, i := range l.items {
			var answer Answer
			if i.request >= 0 && i.request < len(answers) {
				answer = answers[i.request]
			}
			var c Change
			if i.desired == nil {
				c = p.comparePruned(l, i, answer)
			} else {
				c = p.compareApplied(l, i, answer)
			}
			c.Ref = i.ref
			switch c.Action {
			case "": // it neither exists nor will exist
			case Unchanged:
				out.Unchanged++
			case Ignored:
				out.Ignored++
			default:
				if i.applied != nil {
					c.At = i.applied.Start()
				}
				if (c.Action == Added || c.Action == Changed) && i.ref.GroupKind() == object.HelmReleaseKind {
					r.Releases++
				}
				out.Changes = append(out.Changes, c)
			}
		}
		sortChanges(out.Changes)
		r.Layers = append(r.Layers, out)
	}
	return r
}

// comparePruned is what happens to an object that the cluster's layer has and the tree's has not.
func (p *Plan) comparePruned(l *layerPlan, i item, answer Answer) Change {
	switch {
	case answer.ReadFailure != nil && answer.ReadFailure.NotServed:
		return Change{}
	case answer.ReadFailure != nil:
		return Change{Action: Unknown, Message: pruneMessage(l) + ", but it could not be read: " + p.unread(i.ref, answer.ReadFailure)}
	case answer.Live == nil:
		return Change{}
	}
	owner := health.AppliedBy(answer.Live)
	if !owner.Same(l.Ref) { // Flux deletes only what has the labels of the layer
		if i.to != nil {
			return Change{}
		}
		return Change{Action: Kept, Message: pruneMessage(l) + ", but it does not have the labels of the layer"}
	}
	setting, keeps := find(answer.Live, notPruned)
	if i.to != nil {
		c := Change{Action: Moved, To: i.to.Ref}
		if i.kept == "" && !keeps {
			c.Warnings = p.moveWarnings(l, i.to)
		}
		return c
	}
	switch {
	case i.kept != "":
		return Change{Action: Kept, Message: i.kept}
	case keeps:
		return Change{Action: Kept, Message: "it has " + setting}
	}
	old, _ := p.masked(answer.Live, nil)
	return Change{
		Action: Pruned, Message: pruneMessage(l), Warnings: append(pruneWarnings(answer.Live), p.unbuilt()...),
		Diff: unified(i.ref, old, nil),
	}
}

// moveWarnings are the consequences of applying an object by another layer. Flux deletes the
// object if the layer that no longer has it is reconciled first. A layer that is removed waits for
// no other.
func (p *Plan) moveWarnings(from, to *layerPlan) []string {
	const recreates = "Flux deletes it, then creates it again"
	switch {
	case p.dependsOn(to, from):
		return []string{fmt.Sprintf("Flux deletes it with layer %s, then creates it again with layer %s", from.Ref.Name, to.Ref.Name)}
	case from.State == Removed:
		return []string{fmt.Sprintf("if layer %s is removed before layer %s is reconciled, %s", from.Ref.Name, to.Ref.Name, recreates)}
	case p.dependsOn(from, to):
		return nil
	}
	return []string{fmt.Sprintf("if layer %s is reconciled before layer %s, %s", from.Ref.Name, to.Ref.Name, recreates)}
}

// lost is what the deletion of an object of a kind also deletes.
var lost = map[string]string{
	object.NamespaceKind.String():     "everything in the namespace is deleted",
	object.DefinitionKind.String():    "all objects of the kind are deleted",
	object.ClaimKind.String():         "the data is deleted, unless the volume's reclaim policy is Retain",
	object.HelmReleaseKind.String():   "the release is uninstalled",
	object.StatefulSetKind.String():   "its pods are deleted",
	object.DeploymentKind.String():    "its pods are deleted",
	object.DaemonSetKind.String():     "its pods are deleted",
	object.KustomizationKind.String(): "the objects of the layer are deleted as listed for it",
}

func pruneWarnings(obj *unstructured.Unstructured) []string {
	if warning := lost[obj.GroupVersionKind().GroupKind().String()]; warning != "" {
		return []string{warning}
	}
	return nil
}

// unbuilt warns of layers that may have an object that no other layer has.
func (p *Plan) unbuilt() []string {
	var names []string
	for _, l := range p.layers {
		if l.tree != nil && l.tree.Err != nil {
			names = append(names, l.Ref.Name)
		}
	}
	if names == nil {
		return nil
	}
	return []string{"it may have moved to a layer that could not be built: " + strings.Join(names, ", ")}
}

// compareApplied is what happens to an object of the tree.
func (p *Plan) compareApplied(l *layerPlan, i item, answer Answer) Change {
	if variable := unresolved(l, i.desired); variable != "" {
		return Change{Action: Unknown, Message: fmt.Sprintf("the value of the variable %s of spec.postBuild is not known", variable)}
	}
	_, excluded := find(i.desired, notApplied)
	_, excludedLive := find(answer.Live, notApplied)
	_, created := find(i.desired, createdOnly)
	switch {
	case excluded, excludedLive, created && answer.Live != nil:
		return Change{Action: Ignored}
	case answer.ReadFailure != nil:
		return p.rejected(l, i, answer, answer.ReadFailure)
	case isEncrypted(i.desired) && answer.Live == nil && !l.generated[i.ref.Namespace+"/"+withoutHash(i.ref.Name)]:
		return Change{Action: Added, Message: "it is encrypted with SOPS"}
	case isEncrypted(i.desired):
		return Change{Action: Encrypted, Message: "it is encrypted with SOPS"}
	case answer.ApplyFailure != nil:
		return p.rejected(l, i, answer, answer.ApplyFailure)
	case answer.Applied == nil:
		return Change{Action: Unknown, Message: "it was not compared"}
	case answer.Live == nil:
		return p.added(i, answer.Applied, "")
	}
	return p.changed(l, i, answer)
}

func (p *Plan) added(i item, obj *unstructured.Unstructured, why string) Change {
	_, now := p.masked(nil, obj)
	return Change{Action: Added, Message: why, Diff: unified(i.ref, nil, now)}
}

// changed compares an object with what would be stored.
func (p *Plan) changed(l *layerPlan, i item, answer Answer) Change {
	before, after := compared(answer.Live), compared(answer.Applied)
	if p.layer(health.AppliedBy(answer.Live)) != nil { // moves are reported by the layer that no longer has the object
		setOwner(after, health.AppliedBy(before))
	}
	for _, rule := range l.ignore {
		rule.remove(before, answer.Live)
		rule.remove(after, answer.Live)
	}
	if equality.Semantic.DeepEqual(before.Object, after.Object) {
		return Change{Action: Unchanged}
	}
	return p.difference(i, Changed, before, after)
}

// difference is a change with its fields and its text.
func (p *Plan) difference(i item, action Action, before, after *unstructured.Unstructured) Change {
	old, now := p.masked(before, after)
	c := Change{Action: action, Fields: fields(old.Object, now.Object), Diff: unified(i.ref, old, now)}
	for n := range c.Fields {
		if at, sure := i.applied.Locate(c.Fields[n].Path); sure {
			c.Fields[n].At = at
		}
	}
	if slices.ContainsFunc(c.Fields, func(f Field) bool { return strings.HasPrefix(f.Path, "spec.template.") }) && replacesPods[i.ref.GroupKind().String()] {
		c.Warnings = []string{"its pods are replaced"}
	}
	return c
}

// replacesPods are the kinds that replace their pods when their template changes.
var replacesPods = map[string]bool{
	object.DeploymentKind.String(): true, object.StatefulSetKind.String(): true, object.DaemonSetKind.String(): true,
}

// compared is an object without the fields that Flux does not compare (hasDrifted in
// fluxcd/pkg/ssa v0.76.2, manager_diff.go).
func compared(obj *unstructured.Unstructured) *unstructured.Unstructured {
	content := map[string]any{}
	for key, value := range obj.DeepCopy().Object {
		if key != "metadata" && key != "status" {
			content[key] = value
		}
	}
	metadata := map[string]any{}
	for _, key := range []string{"name", "namespace", "labels", "annotations"} {
		if value, ok := object.Map(obj.DeepCopy().Object, "metadata")[key]; ok {
			metadata[key] = value
		}
	}
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		for _, key := range notCompared {
			delete(annotations, key)
		}
		if len(annotations) == 0 {
			delete(metadata, "annotations")
		}
	}
	content["metadata"] = metadata
	return &unstructured.Unstructured{Object: content}
}

// notCompared are annotations whose removal by Flux is no change: the copy of the object that
// kubectl keeps, and requests to Flux.
var notCompared = []string{
	"kubectl.kubernetes.io/last-applied-configuration",
	"reconcile.fluxcd.io/requestedAt", "reconcile.fluxcd.io/forceAt", "reconcile.fluxcd.io/resetAt",
}
