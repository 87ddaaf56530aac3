package engine

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Evidence can be checked: each piece names an object and a field, and reading that field of
// that object in the snapshot gives the quoted value. Besides paths (object.Read), a field
// may be
//
// object          the object itself: "does not exist" event REASON    the message of an event
// about the object pods            "REASON on 2 of 3 pods: a, b", of a workload
//
// A condition is quoted as "Reason: message" or "Status Reason: message", "none" where there
// is none; the state of a container in the same way, and how it ended as "Reason, exit code
// 1: its last line".

// Quote is a condition as evidence, without its status.
func Quote(obj *unstructured.Unstructured, c object.Condition) finding.Evidence {
	return Evidence(obj, c.Path, c.Reason+": "+c.Message, c.Since)
}

// QuoteWithStatus is a condition as evidence with its status, or the fact that it does
// not exist.
func QuoteWithStatus(obj *unstructured.Unstructured, c object.Condition) finding.Evidence {
	value := strings.TrimSpace(c.Status + " " + strings.TrimSuffix(c.Reason+": "+c.Message, ": "))
	if c.Status == "" {
		value = "none"
	}
	return Evidence(obj, c.Path, value, c.Since)
}

// Verified are the pieces of evidence that are in the snapshot, each once. Explainers return
// no others; evidence that is not in the snapshot is never shown.
func (x *Context) Verified(all []finding.Evidence) []finding.Evidence {
	var found []finding.Evidence
	for _, e := range all {
		same := func(o finding.Evidence) bool { return o.Ref.Same(e.Ref) && o.Field == e.Field && o.Value == e.Value }
		if x.isVerified(e) && !slices.ContainsFunc(found, same) {
			found = append(found, e)
		}
	}
	return found
}

// isVerified reports whether a piece of evidence is in the snapshot.
func (x *Context) isVerified(e finding.Evidence) bool {
	if e.Field == "object" {
		return e.Value == "does not exist" && x.Known.Lookup(e.Ref).Presence == snapshot.Absent
	}
	if reason, ok := strings.CutPrefix(e.Field, "event "); ok {
		return x.eventMatches(e.Ref, reason, e.Value)
	}
	obj := x.Known.Lookup(e.Ref).Object
	if obj == nil {
		return false
	}
	if e.Field == "pods" {
		return x.countMatches(obj, e.Value)
	}
	return slices.ContainsFunc(quotableValues(obj, e.Field), func(text string) bool { return quotes(e.Value, text) })
}

func (x *Context) eventMatches(about object.Ref, reason, value string) bool {
	namespace := cmp.Or(about.Namespace, metav1.NamespaceDefault)
	return slices.ContainsFunc(x.Known.List(object.EventKind, namespace).Objects, func(obj *unstructured.Unstructured) bool {
		involved := object.Map(obj.Object, "involvedObject")
		return object.Text(obj.Object, "reason") == reason && object.Text(involved, "kind") == about.Kind && object.Text(involved, "name") == about.Name &&
			quotes(value, object.Text(obj.Object, "message"))
	})
}

// quotes reports whether a value equals a text, or is its beginning if the value ends
// with an ellipsis.
func quotes(value, text string) bool {
	cut, short := strings.CutSuffix(value, "…")
	return value == text || strings.TrimSpace(text) == value || short && cut != "" && strings.HasPrefix(text, cut)
}

// quotableValues are the forms in which a field may be quoted.
func quotableValues(obj *unstructured.Unstructured, path string) []string {
	value, ok := object.Read(obj.Object, path)
	if !ok {
		if strings.HasPrefix(path, "status.conditions[") {
			return []string{"none"}
		}
		return nil
	}
	var found []string
	if text, ok := object.Quote(obj.Object, path); ok {
		found = append(found, text)
	}
	state, isMap := value.(map[string]any)
	if !isMap {
		return found
	}
	status, reason := object.Text(state, "status"), object.Text(state, "reason")
	message := strings.TrimSpace(object.Text(state, "message"))
	words := strings.TrimSuffix(reason+": "+message, ": ")
	found = append(found, reason+": "+message, words, strings.TrimSpace(status+" "+words), message)
	if code, ok := state["exitCode"].(int64); ok {
		ended := fmt.Sprintf("%s, exit code %d", reason, code)
		found = append(found, ended, ended+": "+LastLine(message))
	}
	return found
}

// podCount is "REASON on 2 of 3 pods: a, b", which lists at most MaxListed pods.
var podCount = regexp.MustCompile(`^\S+ on (\d+) of (\d+) pods: (.+)$`)

// countMatches verifies the pods that a count names: they exist, belong to the
// workload, and their number is correct.
func (x *Context) countMatches(workload *unstructured.Unstructured, value string) bool {
	parts := podCount.FindStringSubmatch(value)
	if parts == nil {
		return false
	}
	names := strings.Split(parts[3], ", ")
	affected, _ := strconv.Atoi(parts[1])
	total, _ := strconv.Atoi(parts[2])
	if affected < len(names) || affected != len(names) && len(names) != MaxListed || affected > total {
		return false
	}
	for _, name := range names {
		pod := x.Known.Lookup(CoreRef(object.PodKind.Kind, workload.GetNamespace(), name)).Object
		if pod == nil || !x.WorkloadOf(pod).Same(object.RefOf(workload)) {
			return false
		}
	}
	return true
}

// MaxValue is the maximum length of a live value that is quoted.
const MaxValue = 300

// ValueAt reads a field whose path is written as by the API server
// ("spec.template.spec.containers[0].image"). It returns no value for an invalid path, a
// missing field or a value that is too long.
func ValueAt(obj map[string]any, path string) (string, bool) {
	text, ok := object.Quote(obj, path)
	return text, ok && len(text) <= MaxValue
}

// SizePath is where a claim requests its size.
const SizePath = "spec.resources.requests.storage"

// ProofOrAge quotes the condition, or the creation time of an object without it.
func ProofOrAge(obj *unstructured.Unstructured, c object.Condition) []finding.Evidence {
	if c.Status != "" {
		return []finding.Evidence{QuoteWithStatus(obj, c)}
	}
	if created := object.Text(obj.Object, "metadata", "creationTimestamp"); created != "" {
		return []finding.Evidence{Evidence(obj, "metadata.creationTimestamp", created, obj.GetCreationTimestamp().Time)}
	}
	return []finding.Evidence{Evidence(obj, "metadata.name", obj.GetName(), time.Time{})}
}

// ProofOf quotes a condition.
func ProofOf(obj *unstructured.Unstructured, c object.Condition) finding.Evidence {
	if c.Reason == "" && c.Message == "" {
		return Evidence(obj, c.Path+".status", c.Status, c.Since)
	}
	return Evidence(obj, c.Path, c.Reason+": "+c.Message, c.Since)
}

// LastLine is the last line of a container's message, which contains the error.
func LastLine(message string) string {
	lines := strings.Split(strings.TrimSpace(message), "\n")
	return health.FirstLine(lines[len(lines)-1])
}

// WithProof adds evidence that is not in the list yet.
func WithProof(have []finding.Evidence, more ...finding.Evidence) []finding.Evidence {
	for _, e := range more {
		if !slices.ContainsFunc(have, func(h finding.Evidence) bool { return h.Ref.Same(e.Ref) && h.Field == e.Field && h.Value == e.Value }) {
			have = append(have, e)
		}
	}
	return have
}

// QuantityAt reads a quantity of Kubernetes, such as "10Gi"; ok is false if the field
// has none.
func QuantityAt(obj *unstructured.Unstructured, path ...string) (q resource.Quantity, ok bool) {
	q, err := resource.ParseQuantity(object.Text(obj.Object, path...))
	return q, err == nil
}
