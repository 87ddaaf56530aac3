package health

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// gatewayClass judges a GatewayClass by whether a controller has accepted it.
func (a *Assessor) gatewayClass(obj *unstructured.Unstructured, v Verdict) Verdict {
	return a.byConditions(obj, v, []conditionSet{{conditions: field.List(obj.Object, "status", "conditions"), wanted: []string{"Accepted"}}})
}

// apiGateway judges a Gateway of the Gateway API by its own conditions and by
// those of each of its listeners.
func (a *Assessor) apiGateway(obj *unstructured.Unstructured, v Verdict) Verdict {
	sets := []conditionSet{{conditions: field.List(obj.Object, "status", "conditions"), wanted: []string{"Accepted", "Programmed"}}}
	for _, listener := range field.List(obj.Object, "spec", "listeners") {
		name := field.Text(listener, "name")
		sets = append(sets, conditionSet{
			of: "listener " + name, conditions: field.List(listenerStatus(obj, name), "conditions"),
			wanted: []string{"Accepted", "Programmed", "ResolvedRefs"}, unwanted: []string{"Conflicted"}, optional: true,
		})
	}
	return a.byConditions(obj, v, sets)
}

// listenerStatus is what the controller reports of a listener.
func listenerStatus(obj *unstructured.Unstructured, name string) map[string]any {
	for _, status := range field.List(obj.Object, "status", "listeners") {
		if field.Text(status, "name") == name {
			return status
		}
	}
	return nil
}

// route judges a route of the Gateway API by what the controllers report for each
// of the parents that it asks for.
func (a *Assessor) route(obj *unstructured.Unstructured, v Verdict) Verdict {
	parents := field.List(obj.Object, "spec", "parentRefs")
	if len(parents) == 0 {
		return v.be(Failing, "NoParents", "it names no Gateway", obj.GetCreationTimestamp().Time)
	}
	var sets []conditionSet
	for _, parent := range parents {
		var conditions []map[string]any
		if i := ParentStatus(obj, parent); i >= 0 {
			conditions = field.List(field.List(obj.Object, "status", "parents")[i], "conditions")
		}
		sets = append(sets, conditionSet{
			of: "parent " + field.Text(parent, "name"), conditions: conditions,
			wanted: []string{"Accepted", "ResolvedRefs"}, unwanted: []string{"PartiallyInvalid"},
		})
	}
	return a.byConditions(obj, v, sets)
}

// ParentStatus is the index in status.parents of what is reported for a parent
// that a route asks for, -1 where no controller has reported. Where a Gateway is
// named twice, its section and port tell the two apart.
func ParentStatus(route *unstructured.Unstructured, parent map[string]any) int {
	key := func(ref map[string]any) [6]string {
		or := func(text, fallback string) string {
			if text == "" {
				return fallback
			}
			return text
		}
		return [6]string{
			or(field.Text(ref, "group"), gatewayAPI), or(field.Text(ref, "kind"), "Gateway"), or(field.Text(ref, "namespace"), route.GetNamespace()),
			field.Text(ref, "name"), field.Text(ref, "sectionName"), fmt.Sprint(field.Int(ref, "port")),
		}
	}
	return slices.IndexFunc(field.List(route.Object, "status", "parents"), func(status map[string]any) bool {
		return key(field.Map(status, "parentRef")) == key(parent)
	})
}

// conditionSet is a list of conditions, and which of them must be True or False.
type conditionSet struct {
	of               string // what they are about, empty for the object itself
	conditions       []map[string]any
	wanted, unwanted []string
	// optional sets may lack conditions.
	optional bool
}

// byConditions is the verdict by several sets of conditions: the first that is
// against the object. One that is not known yet is progress for a while.
func (a *Assessor) byConditions(obj *unstructured.Unstructured, v Verdict, sets []conditionSet) Verdict {
	since := obj.GetCreationTimestamp().Time
	var pending Verdict
	wait := func(reason, message string, since time.Time) {
		if pending.Status != "" {
			return
		}
		pending = v.be(Progressing, reason, message, since)
		if a.now.Sub(since) > balancing {
			pending.Status = Failing
		}
	}
	for _, set := range sets {
		for _, kind := range append(slices.Clone(set.wanted), set.unwanted...) {
			c := conditionIn(set.conditions, kind)
			bad, at := "False", field.Time(c, "lastTransitionTime")
			if slices.Contains(set.unwanted, kind) {
				bad = "True"
			}
			if at.Before(since) { // the API's default is 1970
				at = since
			}
			reason, message := field.Text(c, "reason"), set.said(c)
			switch status := field.Text(c, "status"); {
			case c == nil && (set.optional || slices.Contains(set.unwanted, kind)):
			case c == nil:
				wait("Pending", set.about("no controller has reported "+kind), since)
			case field.Int(c, "observedGeneration") != 0 && field.Int(c, "observedGeneration") < obj.GetGeneration():
				wait("NotYetObserved", set.about("its newest generation has not been looked at"), a.now)
			case status == bad && (reason == "Pending" || reason == "AddressNotAssigned"):
				wait(reason, message, at)
			case status == bad:
				return v.be(Failing, reason, message, at)
			case status == "Unknown":
				wait(reason, message, at)
			}
		}
	}
	if pending.Status != "" {
		return pending
	}
	return v.be(Ready, "", "", field.Time(conditionIn(sets[0].conditions, "Accepted"), "lastTransitionTime"))
}

func conditionIn(conditions []map[string]any, kind string) map[string]any {
	for _, c := range conditions {
		if field.Text(c, "type") == kind {
			return c
		}
	}
	return nil
}

// said is a condition's message, with what it is about.
func (s conditionSet) said(c map[string]any) string {
	return s.about(firstLine(field.Text(c, "message")))
}

func firstLine(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSuffix(line, ".")
}

func (s conditionSet) about(message string) string {
	if s.of == "" {
		return message
	}
	return s.of + ": " + message
}
