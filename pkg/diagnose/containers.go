package diagnose

import (
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// container is one of a pod's containers: its spec and its status.
type container struct {
	podView
	name string
	// list is its list in the spec: "containers" or "initContainers".
	list         string
	spec, status map[string]any
	// live is its list in the pod's status.
	live string
}

// containers are the troubles of the containers that do not run as they should. An init
// container with a problem blocks all containers after it.
func (s podView) containers() []trouble {
	if found := s.containersOf("initContainers", "initContainerStatuses"); len(found) > 0 {
		return found
	}
	return s.containersOf("containers", "containerStatuses")
}

func (s podView) containersOf(list, statuses string) []trouble {
	var found []trouble
	for _, status := range field.List(s.pod.Object, "status", statuses) {
		c := container{podView: s, name: field.Text(status, "name"), list: list, status: status, live: "status." + statuses}
		c.spec = entryNamed(field.List(s.pod.Object, "spec", list), c.name)
		if t, ok := c.trouble(); ok {
			t.container = c.name
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b trouble) int { return boolRank(a.soft) - boolRank(b.soft) })
	return found
}

// trouble reads the container's state.
func (c container) trouble() (trouble, bool) {
	waiting := field.Text(c.status, "state", "waiting", "reason")
	ended := c.lastTermination()
	switch {
	case imageReasons[waiting]:
		return c.badImage(waiting), true
	case waiting == "CreateContainerConfigError":
		return c.badConfig(), true
	case waiting == "CrashLoopBackOff":
		return c.crashed(ended), true
	case waiting != "" && !startingReasons[waiting]:
		return c.notStarted(waiting), true
	case field.Map(c.status, "state", "terminated") != nil:
		if !c.restarts(ended) {
			return c.completed(ended)
		}
		return c.crashed(ended), true
	case c.list == "initContainers" && field.Text(c.spec, "restartPolicy") != "Always":
		return c.initRunning()
	case field.Map(c.status, "state", "running") != nil && !field.Bool(c.status, "ready"):
		return c.notReady(ended), true
	}
	return trouble{}, false
}

// completed reports a container that has terminated in a running pod and is not
// restarted: the pod never becomes ready. Jobs have their own rules.
func (c container) completed(ended containerExit) (trouble, bool) {
	if field.Text(c.pod.Object, "status", "phase") != "Running" || c.list != "containers" {
		return trouble{}, false
	}
	if ended.code != 0 {
		return c.exited(ended), true
	}
	running := c.running()
	if running == "" {
		return trouble{}, false
	}
	return trouble{
		code: codeNotReadyForUnknown, reason: ended.reason, container: c.name, since: ended.at, soft: true, evidence: c.terminationProof(ended),
		message: fmt.Sprintf("%s has completed, but container %s is still running, so the pod does not terminate", c.description(), running),
		fixes: []finding.Fix{{Text: "Have container " + running + " end together with it: a sidecar (an init container with restartPolicy Always) is terminated last",
			Command: c.logs(running, false)}},
	}, true
}

// running is a container of the pod that is still running.
func (s podView) running() string {
	for _, status := range field.List(s.pod.Object, "status", "containerStatuses") {
		if field.Map(status, "state", "running") != nil {
			return field.Text(status, "name")
		}
	}
	return ""
}

// startingReasons are the reasons of a container that has not started yet.
var startingReasons = map[string]bool{"ContainerCreating": true, "PodInitializing": true}

// restarts reports whether the kubelet will restart a terminated container: its own
// policy, which sidecars have, takes precedence over the pod's.
func (c container) restarts(ended containerExit) bool {
	policy := field.Text(c.spec, "restartPolicy")
	if policy == "" {
		policy = field.Text(c.pod.Object, "spec", "restartPolicy")
	}
	switch {
	case policy == "Never":
		return false
	case policy == "OnFailure", c.list == "initContainers" && field.Text(c.spec, "restartPolicy") == "":
		return ended.code != 0
	}
	return true
}
