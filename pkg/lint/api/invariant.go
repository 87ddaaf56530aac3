package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	kinds "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/schema"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// invariants collects what the API server rejects in an object although its schema allows it:
// fields that contradict each other, often because of a patch. Values that depend on a variable are
// not judged. They are those of kubernetes/pkg/apis/{apps,autoscaling,batch,core,policy}/validation,
// v1.36.
type invariants struct {
	o        *cluster.Object
	problems []schema.Problem
}

// violated are the invariants that an object violates, in the order of its fields. The names of
// kinds without a known schema are not judged: an API server of another project may allow more.
func violated(o *cluster.Object, known bool) []schema.Problem {
	v := &invariants{o: o}
	v.metadata("metadata")
	if known {
		v.name()
	}
	switch o.Ref().GroupKind() {
	case object.DeploymentKind:
		v.selector()
		v.strategy()
	case object.StatefulSetKind, object.DaemonSetKind, object.ReplicaSetKind:
		v.selector()
	case object.ServiceKind:
		v.service()
	case object.BudgetKind:
		v.budget()
	case object.AutoscalerKind:
		v.autoscaler()
	}
	v.pod()
	return v.problems
}

func (v *invariants) fields() map[string]any { return v.o.Unstructured.Object }

func (v *invariants) add(path, message string) {
	v.problems = append(v.problems, schema.Problem{Path: path, Message: message})
}

// once requires that a name occurs once in a list of fields.
func (v *invariants) once(seen map[string]bool, path, name string) {
	if name == "" || rule.Unknown(name) {
		return
	}
	if seen[name] {
		v.add(path, "must occur once, not twice")
	}
	seen[name] = true
}

// Messages of the formats of names.
const (
	labelName     = "must be at most 63 characters: lower-case letters, digits and -, with a letter or digit at both ends"
	subdomainName = "must be at most 253 characters: lower-case letters, digits, - and ., with a letter or digit at both ends"
	portName      = "must be at most 15 characters: lower-case letters, digits and -, with at least one letter"
	qualifiedName = "the key must be at most 63 letters, digits, -, _ and ., with a letter or digit at both ends, after a DNS name and / or without them"
	labelValue    = "must be at most 63 letters, digits, -, _ and ., with a letter or digit at both ends"
)

// format requires that a text is empty, unknown, or valid.
func (v *invariants) format(path, text, message string, check func(string) []string) {
	if text != "" && !rule.Unknown(text) && len(check(text)) > 0 {
		v.add(path, message)
	}
}

// metadata checks the labels and annotations of an object or of a pod template.
func (v *invariants) metadata(path string) {
	for _, list := range []string{"labels", "annotations"} {
		value, _ := object.Read(v.fields(), path+"."+list)
		entries, _ := value.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			at := rule.Field(path+"."+list, key)
			text, _ := entries[key].(string)
			if list == "labels" {
				v.format(at, text, labelValue, validation.IsValidLabelValue)
				v.format(at, key, qualifiedName, validation.IsQualifiedName)
			} else {
				v.format(at, strings.ToLower(key), qualifiedName, validation.IsQualifiedName)
			}
		}
	}
}

// otherNames are groups some of whose names have another format.
var otherNames = []string{"rbac.authorization.k8s.io", "certificates.k8s.io", "apiregistration.k8s.io"}

func (v *invariants) name() {
	name, ref := v.o.GetName(), v.o.Ref()
	switch {
	case slices.Contains(otherNames, ref.GroupKind().Group):
	case slices.Contains([]kinds.GroupKind{object.ServiceKind, object.NamespaceKind}, ref.GroupKind()):
		v.format("metadata.name", name, labelName, validation.IsDNS1123Label)
	default:
		v.format("metadata.name", name, subdomainName, func(s string) []string { return apivalidation.NameIsDNSSubdomain(s, false) })
	}
}

// selector requires that a workload selects its own pods.
func (v *invariants) selector() {
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Map(v.fields(), "spec", "selector"), &selector); err != nil {
		return
	}
	own := map[string]string{}
	for key, value := range object.Map(v.fields(), "spec", "template", "metadata", "labels") {
		own[key], _ = value.(string)
	}
	for _, set := range []map[string]string{own, selector.MatchLabels} {
		for key, value := range set {
			if rule.Unknown(key) || rule.Unknown(value) {
				return
			}
		}
	}
	parsed, err := metav1.LabelSelectorAsSelector(&selector)
	switch {
	case err != nil:
		v.add("spec.selector", "is invalid")
	case len(selector.MatchLabels)+len(selector.MatchExpressions) == 0:
		v.add("spec.selector", "must not be empty")
	case !parsed.Matches(labels.Set(own)):
		v.add("spec.template.metadata.labels", "must match spec.selector")
	}
}

func (v *invariants) strategy() {
	strategy := object.Map(v.fields(), "spec", "strategy")
	if object.Text(strategy, "type") == "Recreate" && strategy["rollingUpdate"] != nil {
		v.add("spec.strategy.rollingUpdate", "must not be set for type Recreate")
	}
}

func (v *invariants) service() {
	ports := object.List(v.fields(), "spec", "ports")
	names := map[string]bool{}
	for i, port := range ports {
		at := "spec.ports[" + itoa(i) + "]"
		name := object.Text(port, "name")
		if name == "" && len(ports) > 1 {
			v.add(at+".name", "is required if there are several ports")
		}
		v.format(at+".name", name, labelName, validation.IsDNS1123Label)
		v.once(names, at+".name", name)
	}
}

func (v *invariants) budget() {
	spec := object.Map(v.fields(), "spec")
	if spec["minAvailable"] != nil && spec["maxUnavailable"] != nil {
		v.add("spec.maxUnavailable", "must not be set in addition to minAvailable")
	}
}

func (v *invariants) autoscaler() {
	least, most := object.Int(v.fields(), "spec", "minReplicas"), object.Int(v.fields(), "spec", "maxReplicas")
	if most > 0 && least > most {
		v.add("spec.maxReplicas", fmt.Sprintf("must be at least minReplicas, %d", least))
	}
}
