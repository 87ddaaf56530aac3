package node

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// insufficientResources reports a pod that requests more than any node has left.
func insufficientResources(s pods.View, t *pods.Problem, short []string) {
	t.Code = engine.CodeCapacity
	requested := requests(s.Pod)
	free, complete := freeResources(s.X)
	var parts []string
	matches := func(node *unstructured.Unstructured) bool { return matches(s, node) }
	tooLarge, nodesKnown := false, len(s.X.Unreadable(object.NodeKind, "")) == 0
	for _, name := range short {
		part := name
		if want, ok := requested[name]; ok && name != "pods" {
			part += ": " + amount(want) + " requested"
			t.Evidence = append(t.Evidence, requestsOf(s, name)...)
		}
		if node, most := mostOf(free, name, matches); node != nil {
			total := quantities(node, "allocatable")[name]
			if _, largest := mostOf(allocatableResources(s.X), name, matches); name != "pods" && nodesKnown {
				want := requested[name]
				tooLarge = tooLarge || want.Cmp(largest) > 0
			}
			word := "free"
			if !complete {
				word, most = "in total", total
			}
			if most.Sign() < 0 { // pods that ran before the node's capacity was reduced
				most = resource.Quantity{}
			}
			part += fmt.Sprintf(", at most %s %s on a node", amount(most), word)
			t.Evidence = append(t.Evidence, allocatable(node, name))
		}
		parts = append(parts, part)
	}
	t.Message = fmt.Sprintf("no node has enough free resources for %s (%s)", s.Pods(), strings.Join(parts, "; "))
	less := finding.Fix{Text: "If the pods need less than they request, lower their requests", File: flux.File(s.X, s.Work, "resources.requests"), Command: flux.ApplyCommand(s.X, s.Work)}
	more := finding.Fix{Text: "Otherwise add a node, or free resources on one; check what the nodes have left", Command: "kubectl describe nodes"}
	if tooLarge {
		t.Message += "; no node is that large, even when it is empty"
		less.Text, more.Text = "Lower the requests to what a node has", "Or add a larger node; check what the nodes have"
	}
	t.Fixes = []finding.Fix{less, more}
}

// requestsOf quotes what the pod's containers request of a resource.
func requestsOf(s pods.View, resource string) []finding.Evidence {
	var proof []finding.Evidence
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range object.List(s.Pod.Object, "spec", list) {
			proof = append(proof, s.Specified(fmt.Sprintf("%s[%s].resources.requests[%s]", list, object.Text(c, "name"), resource))...)
		}
	}
	return proof
}

// allocatable quotes the total amount of a resource on a node.
func allocatable(node *unstructured.Unstructured, resource string) finding.Evidence {
	path := "status.allocatable[" + resource + "]"
	value, _ := object.Quote(node.Object, path)
	return engine.Evidence(node, path, value, time.Time{})
}

// amount formats a quantity for people: 31.6Gi instead of 32320Mi.
func amount(q resource.Quantity) string {
	const gi = 1 << 30
	if n := q.Value(); n >= gi && n%gi != 0 {
		return fmt.Sprintf("%.1fGi", float64(n)/gi)
	}
	return q.String()
}

// nodeResources are the resources of a node.
type nodeResources struct {
	node *unstructured.Unstructured
	free map[string]resource.Quantity
}

// freeResources is what each node has left. It is complete only if all pods of the
// cluster could be read.
func freeResources(x *engine.Context) ([]nodeResources, bool) {
	byNode := map[string]map[string]resource.Quantity{}
	var rooms []nodeResources
	for _, node := range x.Snap.List(object.NodeKind, "").Objects {
		free := quantities(node, "allocatable")
		byNode[node.GetName()] = free
		rooms = append(rooms, nodeResources{node, free})
	}
	pods := x.Snap.Everywhere(object.PodKind)
	for _, pod := range pods.Objects {
		free := byNode[object.Text(pod.Object, "spec", "nodeName")]
		phase := object.Text(pod.Object, "status", "phase")
		if free == nil || phase == "Succeeded" || phase == "Failed" {
			continue
		}
		for name, used := range requests(pod) {
			if left, ok := free[name]; ok {
				left.Sub(used)
				free[name] = left
			}
		}
	}
	return rooms, len(engine.WhyPartial(object.PodKind, "", pods)) == 0
}

// allocatableResources is what each node has without pods.
func allocatableResources(x *engine.Context) []nodeResources {
	var rooms []nodeResources
	for _, node := range x.Snap.List(object.NodeKind, "").Objects {
		rooms = append(rooms, nodeResources{node, quantities(node, "allocatable")})
	}
	return rooms
}

// mostOf is the node that has most left of a resource, among the nodes on which the pod
// may run, or among all if it may run on none.
func mostOf(rooms []nodeResources, name string, may func(*unstructured.Unstructured) bool) (*unstructured.Unstructured, resource.Quantity) {
	var best *unstructured.Unstructured
	var most resource.Quantity
	for _, r := range rooms {
		left, ok := r.free[name]
		if ok && may(r.node) && (best == nil || left.Cmp(most) > 0) {
			best, most = r.node, left
		}
	}
	return best, most
}

// requests are the resources that a pod requests, as the scheduler counts them: all
// containers together, or the largest init container; and one pod.
func requests(pod *unstructured.Unstructured) map[string]resource.Quantity {
	total := map[string]resource.Quantity{}
	for _, container := range object.List(pod.Object, "spec", "containers") {
		for name, requested := range parseQuantities(object.Map(container, "resources", "requests")) {
			sum := total[name]
			sum.Add(requested)
			total[name] = sum
		}
	}
	for _, container := range object.List(pod.Object, "spec", "initContainers") {
		for name, requested := range parseQuantities(object.Map(container, "resources", "requests")) {
			if have := total[name]; requested.Cmp(have) > 0 {
				total[name] = requested
			}
		}
	}
	total["pods"] = resource.MustParse("1")
	return total
}

func quantities(node *unstructured.Unstructured, list string) map[string]resource.Quantity {
	return parseQuantities(object.Map(node.Object, "status", list))
}

func parseQuantities(list map[string]any) map[string]resource.Quantity {
	parsed := map[string]resource.Quantity{}
	for name, value := range list {
		if quantity, err := resource.ParseQuantity(fmt.Sprint(value)); err == nil {
			parsed[name] = quantity
		}
	}
	return parsed
}

// fits reports whether requests are within the available resources.
func fits(requested, there map[string]resource.Quantity) bool {
	for name, want := range requested {
		if have, ok := there[name]; ok && want.Cmp(have) > 0 {
			return false
		}
	}
	return true
}
