package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// field is where a setting of the container stands in its workload.
func (c container) field(setting string) string {
	return c.at(c.list + "[" + c.name + "]." + setting)
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
func (c container) setting(path ...string) []finding.Evidence {
	text, short := "", ""
	for i, part := range path {
		if i > 0 {
			short += "."
		}
		short += part
	}
	text = textAt(c.spec, path...)
	proof := []finding.Evidence{{Ref: c.owner, Field: c.field(short), Value: text}}
	twin := c.x.twin(c.owner)
	if twin == nil {
		return proof
	}
	theirs := named(field.List(twin.Object, "spec", "template", "spec", c.list), c.name)
	if value := textAt(theirs, path...); value != "" && value != text {
		proof = append(proof, finding.Evidence{Ref: finding.RefOf(twin), Field: c.field(short), Value: value})
	}
	return proof
}

// state is a field of the container's status as proof.
func (c container) state(path, value string, at time.Time) finding.Evidence {
	return evidence(c.pod, fmt.Sprintf("%s[%s].%s", c.live, c.name, path), value, at)
}

// waiting is the words of a waiting container as proof.
func (c container) waiting(reason string) finding.Evidence {
	value := reason
	if message := field.Text(c.status, "state", "waiting", "message"); message != "" {
		value += ": " + message
	}
	return c.state("state.waiting", value, time.Time{})
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
		if slices.Contains(reasons, other.reason) && other.first.Before(e.first) {
			e.first = other.first
		}
	}
	return []finding.Evidence{said(finding.RefOf(s.pod), e)}, e.first
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
	}
	return noun + c.name + " of " + c.owner.String()
}

// logs is the command that shows what a container said, or said before it
// ended.
func (s podView) logs(name string, previous bool) string {
	command := fmt.Sprintf("kubectl logs %s -n %s", s.pod.GetName(), s.pod.GetNamespace())
	if name != "" {
		command += " -c " + name
	}
	if previous {
		command += " --previous"
	}
	return command
}
