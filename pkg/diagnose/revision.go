package diagnose

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// revisionLabel is on the pods of StatefulSets and DaemonSets (k8s.io/api
// v0.36, apps/v1, ControllerRevisionHashLabelKey).
const revisionLabel = "controller-revision-hash"

// revisionKind keeps the templates of StatefulSets and DaemonSets.
var revisionKind = schema.GroupKind{Group: "apps", Kind: "ControllerRevision"}

// superseded changes the problem of a pod of an older template: the pod has to be
// replaced, and nothing in the template has to be corrected. A workload may keep such a
// pod because its strategy requires it, or because it first waits for the pod to become
// ready (kubernetes/kubernetes#67250).
func (s podView) superseded(t trouble) trouble {
	newest, proof := s.newestRevision()
	if newest == "" || t.code == codeOldRevision || len(t.blame) > 0 || s.pod.GetDeletionTimestamp() != nil || !s.differs(t) {
		return t
	}
	was := t.message
	t.code, t.ref = codeOldRevision, s.owner
	t.message = fmt.Sprintf("%s has a newer template, and its pod %s still has the old one: %s", s.owner, s.pod.GetName(), was)
	t.evidence = append([]finding.Evidence{evidence(s.pod, "metadata.labels["+revisionLabel+"]", s.pod.GetLabels()[revisionLabel], time.Time{})},
		append(proof, s.ownEvidence(t.evidence)...)...)
	t.vague, t.fixes = false, s.replace(&t)
	return t
}

// ownEvidence omits what the workload of another tenant has: the pod has to be compared
// with the newest template of its own workload.
func (s podView) ownEvidence(proof []finding.Evidence) []finding.Evidence {
	return slices.DeleteFunc(slices.Clone(proof), func(e finding.Evidence) bool {
		return e.Ref.Kind == s.owner.Kind && e.Ref.Namespace != s.owner.Namespace
	})
}

// newestRevision is the hash of the newest template of the workload, if it is known and
// differs from that of the pod.
func (s podView) newestRevision() (string, []finding.Evidence) {
	own := s.pod.GetLabels()[revisionLabel]
	if s.work == nil || own == "" || field.Int(s.work.Object, "status", "observedGeneration") < s.work.GetGeneration() {
		return "", nil
	}
	switch s.owner.GroupKind() {
	case health.StatefulSetKind:
		newest := field.Text(s.work.Object, "status", "updateRevision")
		if newest != "" && newest != own {
			return newest, []finding.Evidence{evidence(s.work, "status.updateRevision", newest, time.Time{})}
		}
	case daemonSetKind:
		if newest := s.x.daemonRevision(s.work); newest != nil && newest.GetLabels()[revisionLabel] != own {
			hash := newest.GetLabels()[revisionLabel]
			return hash, []finding.Evidence{evidence(newest, "metadata.labels["+revisionLabel+"]", hash, time.Time{})}
		}
	}
	return "", nil
}

// daemonRevision is the newest template of a DaemonSet, nil if it is not known.
func (x *examiner) daemonRevision(work *unstructured.Unstructured) *unstructured.Unstructured {
	if len(x.unreadable(revisionKind, work.GetNamespace())) > 0 {
		return nil
	}
	var newest *unstructured.Unstructured
	for _, revision := range x.snap.List(revisionKind, work.GetNamespace()).Objects {
		if ownedBy(revision, work) && (newest == nil || field.Int(revision.Object, "revision") > field.Int(newest.Object, "revision")) {
			newest = revision
		}
	}
	if newest == nil || newest.GetLabels()[revisionLabel] == "" {
		return nil
	}
	return newest
}

// differs reports whether the newest template has another value in the field that
// causes the problem of the pod. If that is not one field, any change may help.
func (s podView) differs(t trouble) bool {
	if t.setting == "" {
		return t.ref.Kind == "" || t.ref.Same(s.owner) || !s.templateNames(t.ref.Name)
	}
	theirs, inTemplate := field.Quote(s.work.Object, s.at(t.setting))
	own, _ := field.Quote(s.pod.Object, "spec."+t.setting)
	return !inTemplate || theirs != own
}

// templateNames reports whether the template still references an object.
func (s podView) templateNames(name string) bool {
	template, err := json.Marshal(field.Map(s.work.Object, "spec", "template"))
	return err != nil || strings.Contains(string(template), strconv.Quote(name))
}

// replace is how to create the pod again from the newest template.
func (s podView) replace(t *trouble) []finding.Fix {
	fix := finding.Fix{
		Text:    "Delete the pod, so that it is created again with the newest template",
		Command: escape.Command("kubectl delete pod %s -n %s", s.pod.GetName(), s.pod.GetNamespace()),
	}
	strategy := field.Text(s.work.Object, "spec", "updateStrategy", "type")
	partition := field.Int(s.work.Object, "spec", "updateStrategy", "rollingUpdate", "partition")
	switch {
	case strategy == "OnDelete":
		t.message += "; its update strategy OnDelete keeps pods until they are deleted"
		t.evidence = append(t.evidence, evidence(s.work, "spec.updateStrategy.type", strategy, time.Time{}))
	case s.owner.GroupKind() == health.StatefulSetKind && s.ordinal() < partition:
		t.message += fmt.Sprintf("; its partition keeps the pods below %d at the old template", partition)
		t.evidence = append(t.evidence, evidence(s.work, "spec.updateStrategy.rollingUpdate.partition", strconv.FormatInt(partition, 10), time.Time{}))
		return []finding.Fix{{
			Text: fmt.Sprintf("Lower spec.updateStrategy.rollingUpdate.partition to %d or less; a pod that is only deleted gets the old template again", s.ordinal()),
			File: s.x.file(s.work, "spec.updateStrategy.rollingUpdate.partition"), Command: s.x.applyNow(s.work),
		}}
	default:
		t.message += "; the rollout waits for this pod"
	}
	if others := s.othersOld(); len(others) > 0 {
		fix.Text += "; then the other pods with the old template, one at a time, each after the previous one is ready: " + strings.Join(others, ", ")
	}
	return []finding.Fix{fix}
}

// ordinal is the number at the end of the name of a StatefulSet pod.
func (s podView) ordinal() int64 {
	n, _ := strconv.ParseInt(s.pod.GetName()[strings.LastIndex(s.pod.GetName(), "-")+1:], 10, 64)
	return n
}

// othersOld are the other pods of the workload with an older template.
func (s podView) othersOld() []string {
	newest, _ := s.newestRevision()
	var names []string
	for _, pod := range s.x.siblings(s.pod) {
		if hash := pod.GetLabels()[revisionLabel]; pod.GetName() != s.pod.GetName() && hash != "" && hash != newest {
			names = append(names, pod.GetName())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return names
}
