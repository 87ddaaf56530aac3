package pods

import (
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Container is one of a pod's containers: its spec and its status.
type Container struct {
	View
	Name string
	// List is its list in the spec: "containers" or "initContainers".
	List         string
	Spec, Status map[string]any
	// Live is its list in the pod's status.
	Live string
}

// StartingReasons are the reasons of a container that has not started yet.
var StartingReasons = map[string]bool{"ContainerCreating": true, "PodInitializing": true}

// ContainerExit is how a container terminated.
type ContainerExit struct {
	Reason, Message string
	Code            int64
	At              time.Time
	// Path is its path in the container's status.
	Path string
}

// LastTermination is how the container last terminated; its reason is empty if it never
// did.
func (c Container) LastTermination() ContainerExit {
	for _, path := range []string{"state", "lastState"} {
		if ended := object.Map(c.Status, path, "terminated"); ended != nil {
			return ContainerExit{
				Reason: object.Text(ended, "reason"), Message: strings.TrimSpace(object.Text(ended, "message")),
				Code: object.Int(ended, "exitCode"), At: object.Time(ended, "finishedAt"), Path: path + ".terminated",
			}
		}
	}
	return ContainerExit{}
}

// OverLocalStorage reports whether a pod was evicted because it used more local storage
// than its own limits allow.
func OverLocalStorage(message string) bool {
	lower := strings.ToLower(message)
	return strings.Contains(lower, "ephemeral local storage usage exceeds") || strings.Contains(lower, "exceeds the limit") || strings.Contains(lower, "usage of emptydir")
}

// OnNotReadyNode reports a pod on a node that is not ready: the pod's status may be
// outdated.
func (s View) OnNotReadyNode() []Problem {
	ref := engine.CoreRef("Node", "", object.Text(s.Pod.Object, "spec", "nodeName"))
	if ref.Name == "" {
		return nil
	}
	answer := s.X.Snap.Lookup(ref)
	if answer.Presence != snapshot.Present {
		return nil
	}
	ready := object.ConditionOf(answer.Object, "Ready")
	if ready.Status == "True" || ready.Status == "" {
		return nil
	}
	return []Problem{{
		Code: engine.CodeNodeNotReady, Reason: "NodeNotReady", Ref: ref, Since: ready.Since, Blame: []object.Ref{ref},
		Message:  fmt.Sprintf("%s %s on node %s, which is not ready", s.Owner, s.Verb("has a pod", "is"), ref.Name),
		Evidence: []finding.Evidence{engine.ProofOf(answer.Object, ready)},
	}}
}
