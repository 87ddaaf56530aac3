package workload

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var brokenAutoscaler = &rule.Rule{
	Code: engine.CodeAutoscaler, Name: "broken-autoscaler", Severity: finding.Warning,
	Title: "An autoscaler can't scale its target",
	Object: func(c *rule.Context, o *cluster.Object) {
		if o.Ref().GroupKind() != object.AutoscalerKind {
			return
		}
		target := targetOf(o)
		found := c.Find(target.GroupKind(), target.Namespace, target.Name)
		if len(found) == 0 {
			reportTarget(c, o, target)
			return
		}
		for _, m := range metrics(o) {
			for _, container := range running(found[0]) {
				if name := object.Text(container.Fields, "name"); m.percent == 0 || m.container != "" && m.container != name || !without(c, found[0], container, m.resource) {
					continue
				}
				at, _ := found[0].Locate(container.Path + ".resources.requests")
				c.ReportAt(at, o, fmt.Sprintf("it scales on the utilization of %s, but %s of %s has no request for it, so it never scales", m.resource, nameOf(container), target),
					inFile(found[0], "Set resources.requests."+m.resource+" in all containers of the target"))
			}
		}
	},
}

// reportTarget reports a target that does not exist.
func reportTarget(c *rule.Context, autoscaler *cluster.Object, target object.Ref) {
	if autoscaler.By == nil || target.Name == "" || rule.Unknown(target.Name) || rule.Unknown(target.Kind) ||
		!c.Complete(target.Namespace) && c.MisspellingOf(target) == "" {
		return
	}
	var names []string
	for _, o := range c.InNamespace(target.GroupKind(), target.Namespace) {
		names = append(names, o.GetName())
	}
	text := fmt.Sprintf("it scales %s, which does not exist", target)
	if near := similar.Nearest(target.Name, names); near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	}
	c.Report(autoscaler, "spec.scaleTargetRef.name", text, inFile(autoscaler, "Correct spec.scaleTargetRef, or remove the autoscaler"))
}

// metric is a resource that an autoscaler watches.
type metric struct {
	// field is that of the target value.
	field string
	// resource is "cpu" or "memory"; container is empty for all of the pod.
	resource, container string
	// percent is the target relative to the requests, 0 if it is an amount.
	percent int64
	amount  string
}

// metrics are the resources that an autoscaler watches.
func metrics(autoscaler *cluster.Object) []metric {
	var all []metric
	for i, entry := range object.List(autoscaler.Unstructured.Object, "spec", "metrics") {
		for _, kind := range []string{"resource", "containerResource"} {
			watched := object.Map(entry, kind)
			if watched == nil {
				continue
			}
			m := metric{
				resource: object.Text(watched, "name"), container: object.Text(watched, "container"),
				percent: object.Int(watched, "target", "averageUtilization"),
				field:   fmt.Sprintf("spec.metrics[%d].%s.target.averageUtilization", i, kind),
			}
			if m.percent == 0 {
				m.amount, _ = object.Quote(watched, "target.averageValue")
				m.field = fmt.Sprintf("spec.metrics[%d].%s.target.averageValue", i, kind)
			}
			all = append(all, m)
		}
	}
	if percent := object.Int(autoscaler.Unstructured.Object, "spec", "targetCPUUtilizationPercentage"); percent > 0 { // autoscaling/v1
		all = append(all, metric{field: "spec.targetCPUUtilizationPercentage", resource: "cpu", percent: percent})
	}
	return all
}

var autoscalerMemory = &rule.Rule{
	Code: "OW4909", Name: "autoscaler-memory", Severity: finding.Warning,
	Title: "An autoscaler's target for memory does not fit its pods",
	Object: func(c *rule.Context, o *cluster.Object) {
		if o.Ref().GroupKind() != object.AutoscalerKind {
			return
		}
		target := targetOf(o)
		found := c.Find(target.GroupKind(), target.Namespace, target.Name)
		if len(found) == 0 {
			return
		}
		for _, m := range metrics(o) {
			if m.resource != "memory" {
				continue
			}
			if text, fix := misfit(c, o, found[0], m); text != "" {
				c.Report(o, m.field, text, inFile(o, fix))
			}
		}
	},
}

// misfit is why a target for memory does not fit the pods of a workload, "" if it may, and how to
// fix it.
func misfit(c *rule.Context, autoscaler, workload *cluster.Object, m metric) (text, fix string) {
	has, ok := memoryOf(workload, m)
	if !ok {
		return "", ""
	}
	cache, known := storageCache(c, workload, m.container)
	if known {
		cache += besidesCache
	}
	fix = "Scale on CPU alone" + m.fitting(cache, has)
	if has.limit > 0 && has.threshold >= has.limit {
		return fmt.Sprintf("it adds pods when they use %s of memory, but they are killed at %s, so it never scales", inMebibytes(has.threshold), inMebibytes(has.limit)), fix
	}
	if !known || has.threshold >= cache-besidesCache {
		return "", ""
	}
	return fmt.Sprintf("it adds pods when they use %s of memory, but Orthanc's storage cache alone grows to %s and stays: after some studies, there are always %d pods",
		inMebibytes(has.threshold), inMebibytes(cache-besidesCache), object.Int(autoscaler.Unstructured.Object, "spec", "maxReplicas")), fix
}

// fitting is which targets fit pods that use an amount of memory without load, 0 if that is not
// known: above it and below the limit. It continues a sentence, and is "" if none are known.
func (m metric) fitting(idle int64, has memory) string {
	field := m.field[strings.LastIndex(m.field, ".")+1:]
	lowest, highest := inMebibytes(idle), inMebibytes(has.limit-1)
	if m.percent > 0 {
		lowest = fmt.Sprint((idle*100 + has.requests - 1) / has.requests)
		highest = fmt.Sprint((has.limit*100 - 1) / has.requests)
	}
	switch {
	case has.limit == 0:
		return fmt.Sprintf(", or set %s to at least %s", field, lowest)
	case idle == 0:
		return fmt.Sprintf(", or set %s to at most %s", field, highest)
	case idle >= has.limit:
		return fmt.Sprintf(": no target for memory fits a limit of %s", inMebibytes(has.limit))
	}
	return fmt.Sprintf(", or set %s to a value from %s to %s", field, lowest, highest)
}

// memory is that of the pods of a workload, in bytes.
type memory struct {
	// threshold is the use above which an autoscaler adds pods; limit is 0 if a container has
	// none.
	requests, threshold, limit int64
}

// memoryOf is the memory of the containers that a metric is about.
func memoryOf(workload *cluster.Object, m metric) (has memory, ok bool) {
	limited, requested := true, true
	for _, container := range running(workload) {
		if m.container != "" && m.container != object.Text(container.Fields, "name") {
			continue
		}
		request, ok := requestOf(container, "memory")
		requested = requested && ok && request.known
		has.requests += request.Value()
		most, ok := limitOf(container, "memory")
		limited = limited && ok && most.known
		has.limit += most.Value()
	}
	if !limited {
		has.limit = 0
	}
	if m.percent > 0 {
		has.threshold = has.requests * m.percent / 100
		return has, requested && has.requests > 0
	}
	threshold, err := resource.ParseQuantity(m.amount)
	has.threshold = threshold.Value()
	return has, err == nil
}

// inMebibytes is an amount of memory for people: "108Mi".
func inMebibytes(bytes int64) string { return fmt.Sprintf("%dMi", bytes>>20) }
