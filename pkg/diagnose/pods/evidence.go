package pods

import (
	"fmt"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Path is the path of a container's setting in the pod's spec.
func (c Container) Path(setting string) string { return c.List + "[" + c.Name + "]." + setting }

// Field is the path of a container's setting in its workload.
func (c Container) Field(setting string) string {
	return c.At(c.Path(setting))
}

// At is the path in its workload of a field of a pod's spec.
func (s View) At(path string) string {
	if s.Owner.Kind == "Pod" {
		return "spec." + path
	}
	return "spec.template.spec." + path
}

// Setting quotes a field of the container, and the field of another tenant's
// corresponding container if that differs and works.
func (c Container) Setting(setting string) []finding.Evidence {
	path := c.Path(setting)
	proof := c.Specified(path)
	peer := c.X.Peer(c.Owner)
	if peer == nil || len(proof) == 0 {
		return proof
	}
	if theirs, ok := object.Quote(peer.Object, c.At(path)); ok && theirs != proof[0].Value {
		proof = append(proof, engine.Evidence(peer, c.At(path), theirs, time.Time{}))
	}
	return proof
}

// Specified quotes a field of the pod's spec: from the workload if its template has the
// same value, otherwise from the pod, with the template's value. An older revision, a
// default or an injector may have set it.
func (s View) Specified(path string) []finding.Evidence {
	value, ok := object.Quote(s.Pod.Object, "spec."+path)
	if !ok {
		return nil
	}
	own := engine.Evidence(s.Pod, "spec."+path, value, time.Time{})
	if s.Owner.Kind == object.PodKind.Kind || s.Work == nil {
		return []finding.Evidence{own}
	}
	template, ok := object.Quote(s.Work.Object, s.At(path))
	switch {
	case !ok:
		return []finding.Evidence{own}
	case template == value:
		return []finding.Evidence{engine.Evidence(s.Work, s.At(path), value, time.Time{})}
	}
	return []finding.Evidence{own, engine.Evidence(s.Work, s.At(path), template, time.Time{})}
}

// State quotes a field of the container's status, if it has one.
func (c Container) State(path string, at time.Time) []finding.Evidence {
	path = fmt.Sprintf("%s[%s].%s", c.Live, c.Name, path)
	value, ok := object.Quote(c.Pod.Object, path)
	if !ok || value == "" {
		return nil
	}
	return []finding.Evidence{engine.Evidence(c.Pod, path, value, at)}
}

// Waiting quotes why a container waits.
func (c Container) Waiting() []finding.Evidence {
	return append(c.State("state.waiting.reason", time.Time{}), c.State("state.waiting.message", time.Time{})...)
}

// TerminationProof quotes how a container terminated.
func (c Container) TerminationProof(e ContainerExit) []finding.Evidence {
	if e.Path == "" {
		return nil
	}
	proof := append(c.State(e.Path+".reason", e.At), c.State(e.Path+".exitCode", time.Time{})...)
	return append(proof, c.State(e.Path+".message", time.Time{})...)
}

// EventProof quotes the newest event with one of the reasons, and the time of the first;
// the pod's creation time if there is none.
func (s View) EventProof(reasons ...string) ([]finding.Evidence, time.Time) {
	since := s.Pod.GetCreationTimestamp().Time
	e, ok := s.Event(reasons...)
	if !ok {
		return nil, since
	}
	for _, other := range s.Events {
		if slices.Contains(reasons, other.Reason) && other.First.Before(e.First) {
			e.First = other.First
		}
	}
	return []finding.Evidence{engine.EventEvidence(object.RefOf(s.Pod), e)}, e.First
}

// EntryNamed is the entry with that name.
func EntryNamed(list []map[string]any, name string) map[string]any {
	for _, entry := range list {
		if object.Text(entry, "name") == name {
			return entry
		}
	}
	return nil
}

// TextAt is a field as text, whether it is a string or a number.
func TextAt(obj map[string]any, path ...string) string {
	if text := object.Text(obj, path...); text != "" {
		return text
	}
	if n := object.Int(obj, path...); n != 0 {
		return fmt.Sprint(n)
	}
	return ""
}

// Description names the container in a sentence.
func (c Container) Description() string {
	noun := "container "
	if c.List == "initContainers" {
		noun = "init container "
		if object.Text(c.Spec, "restartPolicy") == "Always" {
			noun = "sidecar container "
		}
	}
	return noun + c.Name + " of " + c.Owner.String()
}

// Logs is the command that shows the log of a container, or its log from before it
// exited.
func (s View) Logs(name string, previous bool) string {
	command := escape.Command("kubectl logs %s -n %s", s.Pod.GetName(), s.Pod.GetNamespace())
	if name != "" {
		command += " -c " + escape.ShellWord(name)
	}
	if previous {
		command += " --previous"
	}
	return command
}
