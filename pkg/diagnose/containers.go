package diagnose

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
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
		return c.crashed(ended), c.startsAnew(ended)
	case c.list == "initContainers" && field.Text(c.spec, "restartPolicy") != "Always":
		return c.waitsInside()
	case field.Map(c.status, "state", "running") != nil && !field.Bool(c.status, "ready"):
		return c.notReady(ended), true
	}
	return trouble{}, false
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
