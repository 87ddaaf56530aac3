package diagnose

import (
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// container is one of a pod's containers: what is wanted and what is.
type container struct {
	podView
	name string
	// list is where it stands in the spec: "containers" or "initContainers".
	list         string
	spec, status map[string]any
	// live is the pod's own list in the status.
	live string
}

// containers are the troubles of those containers that don't run as they
// should. An init container in trouble holds up all after it.
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
		c.spec = named(field.List(s.pod.Object, "spec", list), c.name)
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
	ended := c.lastEnd()
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
		if !c.startsAnew(ended) {
			return c.over(ended)
		}
		return c.crashed(ended), true
	case c.list == "initContainers" && field.Text(c.spec, "restartPolicy") != "Always":
		return c.waitsInside()
	case field.Map(c.status, "state", "running") != nil && !field.Bool(c.status, "ready"):
		return c.notReady(ended), true
	}
	return trouble{}, false
}

// over is a container that has ended in a pod that goes on, and that is not started
// again: the pod never gets ready. A Job goes by its own rules.
func (c container) over(ended end) (trouble, bool) {
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
		code: codeNotReadyForUnknown, reason: ended.reason, container: c.name, since: ended.at, soft: true, evidence: c.ended(ended),
		message: fmt.Sprintf("%s has completed, but container %s is still running, so the pod does not terminate", c.what(), running),
		fixes: []finding.Fix{{Text: "Have container " + running + " end together with it: a sidecar (an init container with restartPolicy Always) is terminated last",
			Command: c.logs(running, false)}},
	}, true
}

// running is a container of the pod that still runs.
func (s podView) running() string {
	for _, status := range field.List(s.pod.Object, "status", "containerStatuses") {
		if field.Map(status, "state", "running") != nil {
			return field.Text(status, "name")
		}
	}
	return ""
}

// startingReasons are those of a container that has its start before it.
var startingReasons = map[string]bool{"ContainerCreating": true, "PodInitializing": true}

// startsAnew tells whether a kubelet will start an ended container again: its
// own policy, as sidecars have one, wins over the pod's.
func (c container) startsAnew(ended end) bool {
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
