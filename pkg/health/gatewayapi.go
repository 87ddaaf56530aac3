package health

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// gatewayClass judges a GatewayClass by whether a controller has accepted it.
func (a *Assessor) gatewayClass(obj *unstructured.Unstructured, v Verdict) Verdict {
	return a.byConditions(obj, v, []conditionSet{{conditions: object.Conditions(object.Map(obj.Object, "status"), "status"), wanted: []string{"Accepted"}}})
}

// apiGateway judges a Gateway of the Gateway API by its own conditions and by
// those of each of its listeners.
func (a *Assessor) apiGateway(obj *unstructured.Unstructured, v Verdict) Verdict {
	sets := []conditionSet{{conditions: object.Conditions(object.Map(obj.Object, "status"), "status"), wanted: []string{"Accepted", "Programmed"}}}
	for _, listener := range object.List(obj.Object, "spec", "listeners") {
		name := object.Text(listener, "name")
		sets = append(sets, conditionSet{
			of: "listener " + name, conditions: listenerConditions(obj, name),
			wanted: []string{"Accepted", "ResolvedRefs", "Programmed"}, unwanted: []string{"Conflicted"}, optional: true,
		})
	}
	return a.byConditions(obj, v, sets)
}

// listenerConditions are the conditions that the controller reports for a listener.
func listenerConditions(obj *unstructured.Unstructured, name string) []object.Condition {
	for _, status := range object.List(obj.Object, "status", "listeners") {
		if object.Text(status, "name") == name {
			return object.Conditions(status, "status.listeners["+name+"]")
		}
	}
	return nil
}

// route judges a route of the Gateway API by what the controllers report for each of
// its parents.
func (a *Assessor) route(obj *unstructured.Unstructured, v Verdict) Verdict {
	parents := object.List(obj.Object, "spec", "parentRefs")
	if len(parents) == 0 {
		return v.with(Failing, NoParents, "it names no Gateway", obj.GetCreationTimestamp().Time)
	}
	var sets []conditionSet
	for _, parent := range parents {
		var conditions []object.Condition
		if i := ParentStatus(obj, parent); i >= 0 {
			conditions = object.Conditions(object.List(obj.Object, "status", "parents")[i], fmt.Sprintf("status.parents[%d]", i))
		}
		sets = append(sets, conditionSet{
			of: "parent " + object.Text(parent, "name"), conditions: conditions,
			wanted: []string{"Accepted", "ResolvedRefs"}, unwanted: []string{"PartiallyInvalid"},
		})
	}
	return a.byConditions(obj, v, sets)
}

// ParentStatus is the index in status.parents of the report for a parent of a route, -1
// if no controller has reported. If a Gateway is listed twice, its section and port
// distinguish the two.
func ParentStatus(route *unstructured.Unstructured, parent map[string]any) int {
	key := func(ref map[string]any) [6]string {
		or := func(text, fallback string) string {
			if text == "" {
				return fallback
			}
			return text
		}
		return [6]string{
			or(object.Text(ref, "group"), object.GatewayAPI), or(object.Text(ref, "kind"), "Gateway"), or(object.Text(ref, "namespace"), route.GetNamespace()),
			object.Text(ref, "name"), object.Text(ref, "sectionName"), fmt.Sprint(object.Int(ref, "port")),
		}
	}
	return slices.IndexFunc(object.List(route.Object, "status", "parents"), func(status map[string]any) bool {
		return key(object.Map(status, "parentRef")) == key(parent)
	})
}

// conditionSet is a list of conditions, and which of them must be True or False.
type conditionSet struct {
	of               string // what they are about, empty for the object itself
	conditions       []object.Condition
	wanted, unwanted []string
	// optional sets may lack conditions.
	optional bool
}

// byConditions is the verdict by several sets of conditions: the first one with a
// problem. A condition that is not set yet is progress for some time.
func (a *Assessor) byConditions(obj *unstructured.Unstructured, v Verdict, sets []conditionSet) Verdict {
	created := obj.GetCreationTimestamp().Time
	var pending Verdict
	wait := func(candidate Verdict) {
		if pending.Status != "" {
			return
		}
		pending = candidate
		if a.now.Sub(pending.Since) > addressTime {
			pending.Status = Failing
		}
	}
	for _, set := range sets {
		for _, kind := range append(slices.Clone(set.wanted), set.unwanted...) {
			c, ok := conditionIn(set.conditions, kind)
			bad := "False"
			if slices.Contains(set.unwanted, kind) {
				bad = "True"
			}
			if c.Since.Before(created) { // the API's default is in 1970
				c.Since = created
			}
			reported := v.FromCondition(Progressing, c)
			reported.Message = set.about(reported.Message)
			switch {
			case !ok && (set.optional || slices.Contains(set.unwanted, kind)):
			case !ok:
				wait(v.with(Progressing, "Pending", set.about("no controller has reported "+kind), created))
			case c.Outdated(obj):
				wait(v.with(Progressing, NotYetObserved, set.about("its newest generation has not been observed"), a.now))
			case c.Status == bad && (c.Reason == "Pending" || c.Reason == "AddressNotAssigned"):
				wait(reported)
			case c.Status == bad:
				reported.Status = Failing
				return reported
			case c.Status == "Unknown":
				wait(reported)
			}
		}
	}
	if pending.Status != "" {
		return pending
	}
	accepted, _ := conditionIn(sets[0].conditions, "Accepted")
	return v.with(Ready, "", "", accepted.Since)
}

func conditionIn(conditions []object.Condition, kind string) (object.Condition, bool) {
	i := slices.IndexFunc(conditions, func(c object.Condition) bool { return c.Type == kind })
	if i < 0 {
		return object.Condition{}, false
	}
	return conditions[i], true
}

func (s conditionSet) about(message string) string {
	if s.of == "" {
		return message
	}
	return s.of + ": " + message
}
