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

// path is where a setting of the container stands in its pod's spec.
func (c container) path(setting string) string { return c.list + "[" + c.name + "]." + setting }

// field is where a setting of the container stands in its workload.
func (c container) field(setting string) string {
	return c.at(c.path(setting))
}

// at is where a field of a pod's spec stands in its workload.
func (s podView) at(path string) string {
	if s.owner.Kind == "Pod" {
		return "spec." + path
	}
	return "spec.template.spec." + path
}

// setting is a field of the container as proof, and where another tenant's has
// another value and works, that too.
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

// specified is a field of the pod's spec as proof: the workload's when its
// template has the same value, else the pod's own, and what the template has
// instead. An older revision, a default or an injector may have put it there.
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

// state is a field of the container's status as proof, none when it has no such
// field.
func (c container) state(path string, at time.Time) []finding.Evidence {
	path = fmt.Sprintf("%s[%s].%s", c.live, c.name, path)
	value, ok := field.Quote(c.pod.Object, path)
	if !ok || value == "" {
		return nil
	}
	return []finding.Evidence{evidence(c.pod, path, value, at)}
}

// waiting is why a container waits, as proof.
func (c container) waiting() []finding.Evidence {
	return append(c.state("state.waiting.reason", time.Time{}), c.state("state.waiting.message", time.Time{})...)
}

// ended is how a container ended, as proof.
func (c container) ended(e end) []finding.Evidence {
	if e.path == "" {
		return nil
	}
	proof := append(c.state(e.path+".reason", e.at), c.state(e.path+".exitCode", time.Time{})...)
	return append(proof, c.state(e.path+".message", time.Time{})...)
}

// proofOf is a condition as proof.
func proofOf(obj *unstructured.Unstructured, c field.Condition) finding.Evidence {
	if c.Reason == "" && c.Message == "" {
		return evidence(obj, c.Path+".status", c.Status, c.Since)
	}
	return evidence(obj, c.Path, c.Reason+": "+c.Message, c.Since)
}

// events are the newest events with the reasons, as proof, and since when there
// are any; the pod's creation when there are none.
func (s podView) said(reasons ...string) ([]finding.Evidence, time.Time) {
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

// named is the entry of that name.
func named(list []map[string]any, name string) map[string]any {
	for _, entry := range list {
		if field.Text(entry, "name") == name {
			return entry
		}
	}
	return nil
}

// textAt is a field as text, whether it was written as text or as a number.
func textAt(obj map[string]any, path ...string) string {
	if text := field.Text(obj, path...); text != "" {
		return text
	}
	if n := field.Int(obj, path...); n != 0 {
		return fmt.Sprint(n)
	}
	return ""
}

// what names the container for a sentence.
func (c container) what() string {
	noun := "container "
	if c.list == "initContainers" {
		noun = "init container "
		if field.Text(c.spec, "restartPolicy") == "Always" {
			noun = "sidecar container "
		}
	}
	return noun + c.name + " of " + c.owner.String()
}

// logs is the command that shows what a container said, or said before it
// ended.
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
