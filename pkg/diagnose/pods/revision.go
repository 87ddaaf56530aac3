package pods

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// revisionLabel is on the pods of StatefulSets and DaemonSets (k8s.io/api
// v0.36, apps/v1, ControllerRevisionHashLabelKey).
const revisionLabel = "controller-revision-hash"

// superseded changes the problem of a pod of an older template: the pod has to be
// replaced, and nothing in the template has to be corrected. A workload may keep such a
// pod because its strategy requires it, or because it first waits for the pod to become
// ready (kubernetes/kubernetes#67250).
func (s View) superseded(t Problem) Problem {
	newest, proof := s.newestRevision()
	if newest == "" || t.Code == engine.CodeOldRevision || len(t.Blame) > 0 || s.Pod.GetDeletionTimestamp() != nil || !s.differs(t) {
		return t
	}
	was := t.Message
	t.Code, t.Ref = engine.CodeOldRevision, s.Owner
	t.Message = fmt.Sprintf("%s has a newer template, and its pod %s still has the old one: %s", s.Owner, s.Pod.GetName(), was)
	t.Evidence = append([]finding.Evidence{engine.Evidence(s.Pod, "metadata.labels["+revisionLabel+"]", s.Pod.GetLabels()[revisionLabel], time.Time{})},
		append(proof, s.ownEvidence(t.Evidence)...)...)
	t.Unexplained, t.Fixes = false, s.replace(&t)
	return t
}

// ownEvidence omits what the workload of another tenant has: the pod has to be compared
// with the newest template of its own workload.
func (s View) ownEvidence(proof []finding.Evidence) []finding.Evidence {
	return slices.DeleteFunc(slices.Clone(proof), func(e finding.Evidence) bool {
		return e.Ref.Kind == s.Owner.Kind && e.Ref.Namespace != s.Owner.Namespace
	})
}

// newestRevision is the hash of the newest template of the workload, if it is known and
// differs from that of the pod.
func (s View) newestRevision() (string, []finding.Evidence) {
	own := s.Pod.GetLabels()[revisionLabel]
	if s.Work == nil || own == "" || object.Int(s.Work.Object, "status", "observedGeneration") < s.Work.GetGeneration() {
		return "", nil
	}
	switch s.Owner.GroupKind() {
	case object.StatefulSetKind:
		newest := object.Text(s.Work.Object, "status", "updateRevision")
		if newest != "" && newest != own {
			return newest, []finding.Evidence{engine.Evidence(s.Work, "status.updateRevision", newest, time.Time{})}
		}
	case object.DaemonSetKind:
		if newest := daemonRevision(s.X, s.Work); newest != nil && newest.GetLabels()[revisionLabel] != own {
			hash := newest.GetLabels()[revisionLabel]
			return hash, []finding.Evidence{engine.Evidence(newest, "metadata.labels["+revisionLabel+"]", hash, time.Time{})}
		}
	}
	return "", nil
}

// daemonRevision is the newest template of a DaemonSet, nil if it is not known.
func daemonRevision(x *engine.Context, work *unstructured.Unstructured) *unstructured.Unstructured {
	if len(x.Unreadable(object.RevisionKind, work.GetNamespace())) > 0 {
		return nil
	}
	var newest *unstructured.Unstructured
	for _, revision := range x.Snap.List(object.RevisionKind, work.GetNamespace()).Objects {
		if engine.OwnedBy(revision, work) && (newest == nil || object.Int(revision.Object, "revision") > object.Int(newest.Object, "revision")) {
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
func (s View) differs(t Problem) bool {
	if t.Setting == "" {
		return t.Ref.Kind == "" || t.Ref.Same(s.Owner) || !s.templateNames(t.Ref.Name)
	}
	theirs, inTemplate := object.Quote(s.Work.Object, s.At(t.Setting))
	own, _ := object.Quote(s.Pod.Object, "spec."+t.Setting)
	return !inTemplate || theirs != own
}

// templateNames reports whether the template still references an object.
func (s View) templateNames(name string) bool {
	template, err := json.Marshal(object.Map(s.Work.Object, "spec", "template"))
	return err != nil || strings.Contains(string(template), strconv.Quote(name))
}

// replace is how to create the pod again from the newest template.
func (s View) replace(t *Problem) []finding.Fix {
	fix := finding.Fix{
		Text:    "Delete the pod, so that it is created again with the newest template",
		Command: escape.Command("kubectl delete pod %s -n %s", s.Pod.GetName(), s.Pod.GetNamespace()),
	}
	strategy := object.Text(s.Work.Object, "spec", "updateStrategy", "type")
	partition := object.Int(s.Work.Object, "spec", "updateStrategy", "rollingUpdate", "partition")
	switch {
	case strategy == "OnDelete":
		t.Message += "; its update strategy OnDelete keeps pods until they are deleted"
		t.Evidence = append(t.Evidence, engine.Evidence(s.Work, "spec.updateStrategy.type", strategy, time.Time{}))
	case s.Owner.GroupKind() == object.StatefulSetKind && s.ordinal() < partition:
		t.Message += fmt.Sprintf("; its partition keeps the pods below %d at the old template", partition)
		t.Evidence = append(t.Evidence, engine.Evidence(s.Work, "spec.updateStrategy.rollingUpdate.partition", strconv.FormatInt(partition, 10), time.Time{}))
		return []finding.Fix{{
			Text: fmt.Sprintf("Lower spec.updateStrategy.rollingUpdate.partition to %d or less; a pod that is only deleted gets the old template again", s.ordinal()),
			File: flux.File(s.X, s.Work, "spec.updateStrategy.rollingUpdate.partition"), Command: flux.ApplyCommand(s.X, s.Work),
		}}
	default:
		t.Message += "; the rollout waits for this pod"
	}
	if others := s.othersOld(); len(others) > 0 {
		fix.Text += "; then the other pods with the old template, one at a time, each after the previous one is ready: " + strings.Join(others, ", ")
	}
	return []finding.Fix{fix}
}

// ordinal is the number at the end of the name of a StatefulSet pod.
func (s View) ordinal() int64 {
	n, _ := strconv.ParseInt(s.Pod.GetName()[strings.LastIndex(s.Pod.GetName(), "-")+1:], 10, 64)
	return n
}

// othersOld are the other pods of the workload with an older template.
func (s View) othersOld() []string {
	newest, _ := s.newestRevision()
	var names []string
	for _, pod := range siblings(s.X, s.Pod) {
		if hash := pod.GetLabels()[revisionLabel]; pod.GetName() != s.Pod.GetName() && hash != "" && hash != newest {
			names = append(names, pod.GetName())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return names
}
