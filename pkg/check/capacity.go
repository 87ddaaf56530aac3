package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// amounts are quantities by the names of resources, with one of "pods" for each pod.
type amounts map[string]resource.Quantity

// add adds the resources of other.
func (a amounts) add(other amounts) {
	for name, quantity := range other {
		sum := a[name]
		sum.Add(quantity)
		a[name] = sum
	}
}

// subtract removes other from the resources that a has.
func (a amounts) subtract(other amounts) {
	for name, quantity := range other {
		if left, ok := a[name]; ok {
			left.Sub(quantity)
			a[name] = left
		}
	}
}

// atLeast raises each resource to that of other.
func (a amounts) atLeast(other amounts) {
	for name, quantity := range other {
		if have, ok := a[name]; !ok || have.Cmp(quantity) < 0 {
			a[name] = quantity
		}
	}
}

// missing are the resources of which a has less than wanted, sorted.
func (a amounts) missing(wanted amounts) []string {
	var short []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		have, want := a[name], wanted[name]
		if want.Sign() > 0 && have.Cmp(want) < 0 {
			short = append(short, name)
		}
	}
	return short
}

// String is the processors and memory: "22.9 CPU, 94.4Gi memory", or "360m CPU, 576Mi memory" if
// they are less than one processor and 1Gi.
func (a amounts) String() string {
	cpu, memory := a["cpu"], a["memory"]
	const mi, gi = 1 << 20, 1 << 30
	processors := fmt.Sprintf("%dm", cpu.MilliValue())
	if cpu.MilliValue() >= 1000 || cpu.IsZero() {
		processors = decimal(float64(cpu.MilliValue()) / 1000)
	}
	if memory.Value() >= gi {
		return fmt.Sprintf("%s CPU, %sGi memory", processors, decimal(float64(memory.Value())/gi))
	}
	return fmt.Sprintf("%s CPU, %dMi memory", processors, (memory.Value()+mi-1)/mi)
}

// decimal is a number with one digit after the point, or two if it is less than 10, without zeros
// at the end.
func decimal(n float64) string {
	digits := 1
	if n < 10 {
		digits = 2
	}
	text := strconv.FormatFloat(n, 'f', digits, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func amountsOf(list map[string]any) amounts {
	parsed := amounts{}
	for name, value := range list {
		if quantity, err := resource.ParseQuantity(fmt.Sprint(value)); err == nil {
			parsed[name] = quantity
		}
	}
	return parsed
}

// podRequests are the resources that a pod requests, as the scheduler counts them: all
// containers and sidecars (init containers that are always restarted) together, or what an
// init container requests with the sidecars before it, if that is more; and the overhead
// (kubernetes v1.36, k8s.io/component-helpers/resource, PodRequests).
func podRequests(pod *unstructured.Unstructured) amounts {
	total, sidecars, initial := amounts{}, amounts{}, amounts{}
	for _, container := range object.List(pod.Object, "spec", "containers") {
		total.add(amountsOf(object.Map(container, "resources", "requests")))
	}
	for _, container := range object.List(pod.Object, "spec", "initContainers") {
		requests := amountsOf(object.Map(container, "resources", "requests"))
		if object.Text(container, "restartPolicy") == "Always" {
			sidecars.add(requests)
			continue
		}
		requests.add(sidecars)
		initial.atLeast(requests)
	}
	total.add(sidecars)
	total.atLeast(initial)
	total.add(amountsOf(object.Map(pod.Object, "spec", "overhead")))
	total["pods"] = resource.MustParse("1")
	return total
}

// ended reports whether a pod no longer uses resources of its node.
func ended(pod *unstructured.Unstructured) bool {
	phase := object.Text(pod.Object, "status", "phase")
	return phase == "Succeeded" || phase == "Failed"
}

// korthwebPods are the pods of a tenant of Korthweb (January 2025) and their requests:
// Orthanc's Deployment and its autoscaler's minimum (gitops/application/base/orthanc), two
// gateways (istio 1.20, chart gateway), PostgreSQL and Pgpool, which request nothing (chart
// postgresql-ha 12.3.3). Each but the gateways has Istio's proxy (istio 1.20,
// global.proxy.resources).
var korthwebPods = []struct {
	count       int
	cpu, memory string
}{
	{3, "200m", "256Mi"}, // Orthanc
	{2, "100m", "128Mi"}, // ingress and egress gateways
	{4, "100m", "128Mi"}, // three of PostgreSQL, one of Pgpool
}

// tenantPods are the requests of the pods of the largest tenant, which is returned by name, or
// Korthweb's defaults if no tenant has pods.
func tenantPods(c *cluster, pods []*unstructured.Unstructured) (requests []amounts, as string) {
	byNamespace := map[string][]amounts{}
	for _, pod := range pods {
		if !ended(pod) {
			byNamespace[pod.GetNamespace()] = append(byNamespace[pod.GetNamespace()], podRequests(pod))
		}
	}
	most := amounts{}
	for _, t := range tenant.Discover(c.Snap) {
		var own []amounts
		for _, namespace := range t.Namespaces {
			own = append(own, byNamespace[namespace]...)
		}
		if sum := total(own); len(own) > 0 && (as == "" || larger(sum, most)) {
			requests, as, most = own, t.Name, sum
		}
	}
	if as != "" {
		return requests, as
	}
	for _, p := range korthwebPods {
		for range p.count {
			requests = append(requests, amounts{"cpu": resource.MustParse(p.cpu), "memory": resource.MustParse(p.memory), "pods": resource.MustParse("1")})
		}
	}
	return requests, ""
}

func total(requests []amounts) amounts {
	sum := amounts{}
	for _, r := range requests {
		sum.add(r)
	}
	return sum
}

// larger compares memory, then processors.
func larger(a, b amounts) bool { return compare(a, b) > 0 }

func compare(a, b amounts) int {
	am, bm, ac, bc := a["memory"], b["memory"], a["cpu"], b["cpu"]
	return cmp.Or(am.Cmp(bm), ac.Cmp(bc))
}

// freeOnNodes is what each schedulable node has left.
func freeOnNodes(nodes, pods []*unstructured.Unstructured) []amounts {
	byNode := map[string]amounts{}
	var free []amounts
	for _, node := range nodes {
		if schedulable(node) {
			left := amountsOf(object.Map(node.Object, "status", "allocatable"))
			byNode[node.GetName()] = left
			free = append(free, left)
		}
	}
	for _, pod := range pods {
		if left := byNode[object.Text(pod.Object, "spec", "nodeName")]; left != nil && !ended(pod) {
			left.subtract(podRequests(pod))
		}
	}
	return free
}

// place puts each pod, the largest first, on the first node that has room for it, and returns
// what did not fit. It is an approximation: it ignores affinities and selectors.
func place(requests, free []amounts) (unplaced []amounts) {
	sorted := slices.Clone(requests)
	slices.SortStableFunc(sorted, func(a, b amounts) int { return compare(b, a) })
	for _, pod := range sorted {
		at := slices.IndexFunc(free, func(left amounts) bool { return len(left.missing(pod)) == 0 })
		if at < 0 {
			unplaced = append(unplaced, pod)
			continue
		}
		free[at].subtract(pod)
	}
	return unplaced
}

// tenantCapacity checks that the schedulable nodes have room for one more tenant. That is
// required of a cluster without tenants only.
func tenantCapacity(c *cluster) Check {
	nodes, unread := c.list(object.NodeKind)
	if unread != nil {
		return *unread
	}
	pods, unread := c.list(object.PodKind)
	if unread != nil {
		return *unread
	}
	requests, as := tenantPods(c, pods)
	tenantText := "as large as " + as
	if as == "" {
		tenantText = "with Korthweb's defaults, because no tenant has pods"
	}
	free := freeOnNodes(nodes, pods)
	left := total(free)
	unplaced := place(requests, free)
	need := fmt.Sprintf("one more tenant of %s (%s), %s", finding.Count(len(requests), "pod"), total(requests), tenantText)
	if len(unplaced) == 0 {
		return pass("%s free on schedulable nodes, enough for %s", left, need)
	}
	outcome := fail
	if as != "" {
		outcome = warn
	}
	return outcome(finding.Fix{Text: "Add a node, or reduce the requests of other pods", Command: "kubectl describe nodes"},
		"%s free on schedulable nodes: %s would not fit of %s", left, finding.Count(len(unplaced), "pod"), need)
}
