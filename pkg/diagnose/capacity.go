package diagnose

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// noRoom is a pod that asks for more than any node has left.
func (s podView) noRoom(t *trouble, short []string) {
	t.code = codeCapacity
	asked := requests(s.pod)
	free, complete := s.x.freeRoom()
	var parts []string
	matches := func(node *unstructured.Unstructured) bool { return s.matches(node) }
	tooLarge, nodesKnown := false, len(s.x.unreadable(nodeKind, "")) == 0
	for _, name := range short {
		part := name
		if want, ok := asked[name]; ok && name != "pods" {
			part += ": " + amount(want) + " requested"
			t.evidence = append(t.evidence, s.requestsOf(name)...)
		}
		if node, most := mostOf(free, name, matches); node != nil {
			total := quantities(node, "allocatable")[name]
			if _, largest := mostOf(s.x.wholeRoom(), name, matches); name != "pods" && nodesKnown {
				want := asked[name]
				tooLarge = tooLarge || want.Cmp(largest) > 0
			}
			word := "free"
			if !complete {
				word, most = "in total", total
			}
			if most.Sign() < 0 { // pods that were there before the node got smaller
				most = resource.Quantity{}
			}
			part += fmt.Sprintf(", at most %s %s on a node", amount(most), word)
			t.evidence = append(t.evidence, allocatable(node, name))
		}
		parts = append(parts, part)
	}
	t.message = fmt.Sprintf("no node has enough free resources for %s (%s)", s.pods(), strings.Join(parts, "; "))
	less := finding.Fix{Text: "If the pods need less than they request, lower their requests", File: s.x.file(s.work, "resources.requests"), Command: s.x.applyNow(s.work)}
	more := finding.Fix{Text: "Otherwise add a node, or free resources on one; check what the nodes have left", Command: "kubectl describe nodes"}
	if tooLarge {
		t.message += "; no node is that large, even when it is empty"
		less.Text, more.Text = "Lower the requests to what a node has", "Or add a larger node; check what the nodes have"
	}
	t.fixes = []finding.Fix{less, more}
}

// requestsOf are what the pod's containers ask for of a resource, as proof.
func (s podView) requestsOf(resource string) []finding.Evidence {
	var proof []finding.Evidence
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range field.List(s.pod.Object, "spec", list) {
			proof = append(proof, s.specified(fmt.Sprintf("%s[%s].resources.requests[%s]", list, field.Text(c, "name"), resource))...)
		}
	}
	return proof
}

// allocatable is what a node has of a resource in all, as proof.
func allocatable(node *unstructured.Unstructured, resource string) finding.Evidence {
	path := "status.allocatable[" + resource + "]"
	value, _ := field.Quote(node.Object, path)
	return evidence(node, path, value, time.Time{})
}

// amount is a quantity that people can take in: 31.6Gi rather than 32320Mi.
func amount(q resource.Quantity) string {
	const gi = 1 << 30
	if n := q.Value(); n >= gi && n%gi != 0 {
		return fmt.Sprintf("%.1fGi", float64(n)/gi)
	}
	return q.String()
}

// room is what a node has left.
type room struct {
	node *unstructured.Unstructured
	free map[string]resource.Quantity
}

// freeRoom is what the pods on each node leave of it. It is complete only when
// all pods of the cluster could be read.
func (x *examiner) freeRoom() ([]room, bool) {
	byNode := map[string]map[string]resource.Quantity{}
	var rooms []room
	for _, node := range x.snap.List(nodeKind, "").Objects {
		free := quantities(node, "allocatable")
		byNode[node.GetName()] = free
		rooms = append(rooms, room{node, free})
	}
	pods := x.snap.Everywhere(health.PodKind)
	for _, pod := range pods.Objects {
		free := byNode[field.Text(pod.Object, "spec", "nodeName")]
		phase := field.Text(pod.Object, "status", "phase")
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
	return rooms, len(whyPartial(health.PodKind, "", pods)) == 0
}

// wholeRoom is what each node has when it is empty.
func (x *examiner) wholeRoom() []room {
	var rooms []room
	for _, node := range x.snap.List(nodeKind, "").Objects {
		rooms = append(rooms, room{node, quantities(node, "allocatable")})
	}
	return rooms
}

// mostOf is the node that has most left of a resource, among those that the pod
// may go to, or among all when it may go to none.
func mostOf(rooms []room, name string, may func(*unstructured.Unstructured) bool) (*unstructured.Unstructured, resource.Quantity) {
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

// requests are what a pod asks for, as the scheduler counts it: all containers
// together, or the largest init container; and one pod.
func requests(pod *unstructured.Unstructured) map[string]resource.Quantity {
	total := map[string]resource.Quantity{}
	for _, container := range field.List(pod.Object, "spec", "containers") {
		for name, asked := range parseQuantities(field.Map(container, "resources", "requests")) {
			sum := total[name]
			sum.Add(asked)
			total[name] = sum
		}
	}
	for _, container := range field.List(pod.Object, "spec", "initContainers") {
		for name, asked := range parseQuantities(field.Map(container, "resources", "requests")) {
			if have := total[name]; asked.Cmp(have) > 0 {
				total[name] = asked
			}
		}
	}
	total["pods"] = resource.MustParse("1")
	return total
}

func quantities(node *unstructured.Unstructured, list string) map[string]resource.Quantity {
	return parseQuantities(field.Map(node.Object, "status", list))
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

// fits tells whether what is asked is within what there is.
func fits(asked, there map[string]resource.Quantity) bool {
	for name, want := range asked {
		if have, ok := there[name]; ok && want.Cmp(have) > 0 {
			return false
		}
	}
	return true
}
