package pod

import (
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// CheckContainers are the problems of the containers that do not run as they should. An init
// container with a problem blocks all containers after it.
func CheckContainers(s pods.View) []pods.Problem {
	if found := containersOf(s, "initContainers", "initContainerStatuses"); len(found) > 0 {
		return found
	}
	return containersOf(s, "containers", "containerStatuses")
}

func containersOf(s pods.View, list, statuses string) []pods.Problem {
	var found []pods.Problem
	for _, status := range object.List(s.Pod.Object, "status", statuses) {
		c := pods.Container{View: s, Name: object.Text(status, "name"), List: list, Status: status, Live: "status." + statuses}
		c.Spec = pods.EntryNamed(object.List(s.Pod.Object, "spec", list), c.Name)
		if t, ok := problemOf(c); ok {
			t.Container = c.Name
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b pods.Problem) int {
		return engine.BoolRank(a.MayBeTemporary) - engine.BoolRank(b.MayBeTemporary)
	})
	return found
}

// problemOf reads the state of a container.
func problemOf(c pods.Container) (pods.Problem, bool) {
	waiting := object.Text(c.Status, "state", "waiting", "reason")
	ended := c.LastTermination()
	switch {
	case imageReasons[waiting]:
		return badImage(c, waiting), true
	case waiting == "CreateContainerConfigError":
		return badConfig(c), true
	case waiting == "CrashLoopBackOff":
		return crashed(c, ended), true
	case waiting != "" && !pods.StartingReasons[waiting]:
		return notStarted(c, waiting), true
	case object.Map(c.Status, "state", "terminated") != nil:
		if !restarts(c, ended) {
			return completed(c, ended)
		}
		return crashed(c, ended), true
	case c.List == "initContainers" && object.Text(c.Spec, "restartPolicy") != "Always":
		return initRunning(c)
	case object.Map(c.Status, "state", "running") != nil && !object.Bool(c.Status, "ready"):
		return notReady(c, ended), true
	}
	return pods.Problem{}, false
}

// completed reports a container that has terminated in a running pod and is not
// restarted: the pod never becomes ready. Jobs have their own rules.
func completed(c pods.Container, ended pods.ContainerExit) (pods.Problem, bool) {
	if object.Text(c.Pod.Object, "status", "phase") != "Running" || c.List != "containers" {
		return pods.Problem{}, false
	}
	if ended.Code != 0 {
		return exited(c, ended), true
	}
	running := running(c.View)
	if running == "" {
		return pods.Problem{}, false
	}
	return pods.Problem{
		Code: engine.CodeNotReadyForUnknown, Reason: ended.Reason, Container: c.Name, Since: ended.At, MayBeTemporary: true, Evidence: c.TerminationProof(ended),
		Message: fmt.Sprintf("%s has completed, but container %s is still running, so the pod does not terminate", c.Description(), running),
		Fixes: []finding.Fix{{Text: "Make container " + running + " a sidecar container (an init container with restartPolicy: Always): it is then terminated after the main container completes",
			Command: c.Logs(running, false)}},
	}, true
}

// running is a container of the pod that is still running.
func running(s pods.View) string {
	for _, status := range object.List(s.Pod.Object, "status", "containerStatuses") {
		if object.Map(status, "state", "running") != nil {
			return object.Text(status, "name")
		}
	}
	return ""
}

// restarts reports whether the kubelet will restart a terminated container: its own
// policy, which sidecars have, takes precedence over the pod's.
func restarts(c pods.Container, ended pods.ContainerExit) bool {
	policy := object.Text(c.Spec, "restartPolicy")
	if policy == "" {
		policy = object.Text(c.Pod.Object, "spec", "restartPolicy")
	}
	switch {
	case policy == "Never":
		return false
	case policy == "OnFailure", c.List == "initContainers" && object.Text(c.Spec, "restartPolicy") == "":
		return ended.Code != 0
	}
	return true
}
