package diagnose

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Evidence can be checked: each piece names an object and a field, and reading
// that field of that object in the snapshot gives the quoted value. Beside paths
// (field.Read) a field may be
//
//	object          the object itself: "does not exist"
//	event REASON    the message of an event about the object
//	pods            "REASON on 2 of 3 pods: a, b", of a workload
//
// A condition is quoted as "Reason: message" or "Status Reason: message", "none"
// where there is none; the state of a container in the same way, and how it ended
// as "Reason, exit code 1: its last line".

// quote is a condition as evidence, without its status.
func quote(obj *unstructured.Unstructured, c field.Condition) finding.Evidence {
	return evidence(obj, c.Path, c.Reason+": "+c.Message, c.Since)
}

// quoteWithStatus is a condition as evidence with its status, or the fact that it does
// not exist.
func quoteWithStatus(obj *unstructured.Unstructured, c field.Condition) finding.Evidence {
	value := strings.TrimSpace(c.Status + " " + strings.TrimSuffix(c.Reason+": "+c.Message, ": "))
	if c.Status == "" {
		value = "none"
	}
	return evidence(obj, c.Path, value, c.Since)
}

// verified are the pieces of evidence that are in the snapshot, each once. Explainers
// give no others; evidence that is not in the snapshot is never shown.
func (x *examiner) verified(all []finding.Evidence) []finding.Evidence {
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
func (x *examiner) isVerified(e finding.Evidence) bool {
	if e.Field == "object" {
		return e.Value == "does not exist" && x.known.Lookup(e.Ref).Presence == snapshot.Absent
	}
	if reason, ok := strings.CutPrefix(e.Field, "event "); ok {
		return x.eventMatches(e.Ref, reason, e.Value)
	}
	obj := x.known.Lookup(e.Ref).Object
	if obj == nil {
		return false
	}
	if e.Field == "pods" {
		return x.countMatches(obj, e.Value)
	}
	return slices.ContainsFunc(quotableValues(obj, e.Field), func(text string) bool { return quotes(e.Value, text) })
}

func (x *examiner) eventMatches(about finding.Ref, reason, value string) bool {
	namespace := cmp.Or(about.Namespace, metav1.NamespaceDefault)
	return slices.ContainsFunc(x.known.List(health.EventKind, namespace).Objects, func(obj *unstructured.Unstructured) bool {
		involved := field.Map(obj.Object, "involvedObject")
		return field.Text(obj.Object, "reason") == reason && field.Text(involved, "kind") == about.Kind && field.Text(involved, "name") == about.Name &&
			quotes(value, field.Text(obj.Object, "message"))
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
	value, ok := field.Read(obj.Object, path)
	if !ok {
		if strings.HasPrefix(path, "status.conditions[") {
			return []string{"none"}
		}
		return nil
	}
	var found []string
	if text, ok := field.Quote(obj.Object, path); ok {
		found = append(found, text)
	}
	state, isMap := value.(map[string]any)
	if !isMap {
		return found
	}
	status, reason := field.Text(state, "status"), field.Text(state, "reason")
	message := strings.TrimSpace(field.Text(state, "message"))
	words := strings.TrimSuffix(reason+": "+message, ": ")
	found = append(found, reason+": "+message, words, strings.TrimSpace(status+" "+words), message)
	if code, ok := state["exitCode"].(int64); ok {
		ended := fmt.Sprintf("%s, exit code %d", reason, code)
		found = append(found, ended, ended+": "+lastLine(message))
	}
	return found
}

// podCount is "REASON on 2 of 3 pods: a, b", which lists at most maxListed pods.
var podCount = regexp.MustCompile(`^\S+ on (\d+) of (\d+) pods: (.+)$`)

// countMatches verifies the pods that a count names: they exist, belong to the
// workload, and their number is correct.
func (x *examiner) countMatches(workload *unstructured.Unstructured, value string) bool {
	parts := podCount.FindStringSubmatch(value)
	if parts == nil {
		return false
	}
	names := strings.Split(parts[3], ", ")
	sick, _ := strconv.Atoi(parts[1])
	total, _ := strconv.Atoi(parts[2])
	if sick < len(names) || sick != len(names) && len(names) != maxListed || sick > total {
		return false
	}
	for _, name := range names {
		pod := x.known.Lookup(coreRef(health.PodKind.Kind, workload.GetNamespace(), name)).Object
		if pod == nil || !x.workloadOf(pod).Same(finding.RefOf(workload)) {
			return false
		}
	}
	return true
}
