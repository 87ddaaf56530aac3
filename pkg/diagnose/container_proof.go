package diagnose

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// path is the path of a container's setting in the pod's spec.
func (c container) path(setting string) string { return c.list + "[" + c.name + "]." + setting }

// field is the path of a container's setting in its workload.
func (c container) field(setting string) string {
	return c.at(c.path(setting))
}

// at is the path in its workload of a field of a pod's spec.
func (s podView) at(path string) string {
	if s.owner.Kind == "Pod" {
		return "spec." + path
	}
	return "spec.template.spec." + path
}

// setting quotes a field of the container, and the field of another tenant's
// corresponding container if that differs and works.
func (c container) setting(setting string) []finding.Evidence {
	path := c.path(setting)
	proof := c.specified(path)
	twin := c.x.peer(c.owner)
	if twin == nil || len(proof) == 0 {
		return proof
	}
	if theirs, ok := field.Quote(twin.Object, c.at(path)); ok && theirs != proof[0].Value {
		proof = append(proof, evidence(twin, c.at(path), theirs, time.Time{}))
	}
	return proof
}

// specified quotes a field of the pod's spec: from the workload if its template has the
// same value, otherwise from the pod, with the template's value. An older revision, a
// default or an injector may have set it.
func (s podView) specified(path string) []finding.Evidence {
	value, ok := field.Quote(s.pod.Object, "spec."+path)
	if !ok {
		return nil
	}
	own := evidence(s.pod, "spec."+path, value, time.Time{})
	if s.owner.Kind == health.PodKind.Kind || s.work == nil {
		return []finding.Evidence{own}
	}
	template, ok := field.Quote(s.work.Object, s.at(path))
	switch {
	case !ok:
		return []finding.Evidence{own}
	case template == value:
		return []finding.Evidence{evidence(s.work, s.at(path), value, time.Time{})}
	}
	return []finding.Evidence{own, evidence(s.work, s.at(path), template, time.Time{})}
}

// state quotes a field of the container's status, if it has one.
func (c container) state(path string, at time.Time) []finding.Evidence {
	path = fmt.Sprintf("%s[%s].%s", c.live, c.name, path)
	value, ok := field.Quote(c.pod.Object, path)
	if !ok || value == "" {
		return nil
	}
	return []finding.Evidence{evidence(c.pod, path, value, at)}
}

// waiting quotes why a container waits.
func (c container) waiting() []finding.Evidence {
	return append(c.state("state.waiting.reason", time.Time{}), c.state("state.waiting.message", time.Time{})...)
}

// terminationProof quotes how a container terminated.
func (c container) terminationProof(e containerExit) []finding.Evidence {
	if e.path == "" {
		return nil
	}
	proof := append(c.state(e.path+".reason", e.at), c.state(e.path+".exitCode", time.Time{})...)
	return append(proof, c.state(e.path+".message", time.Time{})...)
}

// proofOf quotes a condition.
func proofOf(obj *unstructured.Unstructured, c field.Condition) finding.Evidence {
	if c.Reason == "" && c.Message == "" {
		return evidence(obj, c.Path+".status", c.Status, c.Since)
	}
	return evidence(obj, c.Path, c.Reason+": "+c.Message, c.Since)
}

// eventProof quotes the newest event with one of the reasons, and the time of the first;
// the pod's creation time if there is none.
func (s podView) eventProof(reasons ...string) ([]finding.Evidence, time.Time) {
	since := s.pod.GetCreationTimestamp().Time
	e, ok := s.event(reasons...)
	if !ok {
		return nil, since
	}
	for _, other := range s.events {
		if slices.Contains(reasons, other.Reason) && other.First.Before(e.First) {
			e.First = other.First
		}
	}
	return []finding.Evidence{eventEvidence(finding.RefOf(s.pod), e)}, e.First
}

// entryNamed is the entry with that name.
func entryNamed(list []map[string]any, name string) map[string]any {
	for _, entry := range list {
		if field.Text(entry, "name") == name {
			return entry
		}
	}
	return nil
}

// textAt is a field as text, whether it is a string or a number.
func textAt(obj map[string]any, path ...string) string {
	if text := field.Text(obj, path...); text != "" {
		return text
	}
	if n := field.Int(obj, path...); n != 0 {
		return fmt.Sprint(n)
	}
	return ""
}

// description names the container in a sentence.
func (c container) description() string {
	noun := "container "
	if c.list == "initContainers" {
		noun = "init container "
		if field.Text(c.spec, "restartPolicy") == "Always" {
			noun = "sidecar container "
		}
	}
	return noun + c.name + " of " + c.owner.String()
}

// logs is the command that shows the log of a container, or its log from before it
// exited.
func (s podView) logs(name string, previous bool) string {
	command := escape.Command("kubectl logs %s -n %s", s.pod.GetName(), s.pod.GetNamespace())
	if name != "" {
		command += " -c " + escape.ShellWord(name)
	}
	if previous {
		command += " --previous"
	}
	return command
}
