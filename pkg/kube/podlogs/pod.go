package podlogs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Pod is a pod, as far as reading its logs needs it.
type Pod struct {
	Namespace, Name, UID string
	Labels               map[string]string
	// Containers are its containers, those for its initialization first.
	Containers []string
	statuses   map[string]status
	version    uint64
}

// status is the state of a container.
type status struct {
	// id identifies the instance whose log the API server has as the current one, empty before
	// the first.
	id string
	// ended is set if that instance has ended.
	ended bool
	// gone is set if the pod no longer exists.
	gone bool
}

// podObject has the fields of a v1 Pod that are read.
type podObject struct {
	Metadata struct {
		Name, Namespace, UID, ResourceVersion string
		Labels                                map[string]string
	}
	Spec struct {
		InitContainers, Containers []struct{ Name string }
	}
	Status struct {
		InitContainerStatuses, ContainerStatuses []containerStatus
	}
}

type containerStatus struct {
	Name             string
	ContainerID      string
	RestartCount     int
	State, LastState struct {
		Running    *struct{ StartedAt string }
		Terminated *struct{ ContainerID, StartedAt, FinishedAt string }
	}
}

// pod converts an object.
func (o podObject) pod() *Pod {
	p := &Pod{Namespace: o.Metadata.Namespace, Name: o.Metadata.Name, UID: o.Metadata.UID, Labels: o.Metadata.Labels, statuses: map[string]status{}}
	p.version, _ = strconv.ParseUint(o.Metadata.ResourceVersion, 10, 64) // 0 if it is not a number
	for _, c := range slices.Concat(o.Spec.InitContainers, o.Spec.Containers) {
		p.Containers = append(p.Containers, c.Name)
	}
	for _, s := range slices.Concat(o.Status.InitContainerStatuses, o.Status.ContainerStatuses) {
		p.statuses[s.Name] = s.status()
	}
	return p
}

// status is the instance whose log the kubelet serves: the running one, or the last that has
// ended (kubernetes v1.36, pkg/kubelet, validateContainerLogStatus).
func (s containerStatus) status() status {
	switch {
	case s.State.Running != nil:
		return status{id: cmp.Or(s.ContainerID, fmt.Sprint(s.RestartCount, " ", s.State.Running.StartedAt))}
	case s.State.Terminated != nil:
		return status{id: cmp.Or(s.State.Terminated.ContainerID, s.ContainerID, fmt.Sprint(s.RestartCount, " ", s.State.Terminated.StartedAt)), ended: true}
	case s.LastState.Terminated != nil:
		return status{id: cmp.Or(s.LastState.Terminated.ContainerID, s.ContainerID, fmt.Sprint(s.RestartCount-1, " ", s.LastState.Terminated.StartedAt)), ended: true}
	}
	return status{}
}

// watchEvent is an event of a watch.
type watchEvent struct {
	Type   string
	Object json.RawMessage
}

// statusObject has the fields of a v1 Status that are read.
type statusObject struct {
	Reason  string
	Message string
}
