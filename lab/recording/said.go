package recording

import (
	"fmt"
	"slices"
	"strings"
)

// Said returns the messages of the controllers about everything that is not ready, one
// line each.
func (s *Snapshot) Said() []string {
	var out []string
	for _, list := range s.Files {
		for _, o := range list {
			for _, c := range complaints(o) {
				out = append(out, fmt.Sprintf("%s %s/%s: %s", o.GetKind(), o.GetNamespace(), o.GetName(), shorten(c)))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	const most = 400
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// bad maps types of conditions to the status that means a failure; all others should be True.
var bad = map[string]string{
	"Reconciling": "True", "Stalled": "True", "FetchFailed": "True", "BuildFailed": "True", "ArtifactOutdated": "True",
	"ReplicaFailure": "True", "Issuing": "True", "MemoryPressure": "True", "DiskPressure": "True", "PIDPressure": "True",
	"NetworkUnavailable": "True", "Failed": "True", "FailureTarget": "True", "Drifted": "True", "StorageOperationFailed": "True",
}

// ignored are conditions that add nothing to another one, or depend on metrics, which a lab
// doesn't have.
var ignored = []string{"Initialized", "ContainersReady", "PodReadyToStartContainers", "Ready/Pod", "ScalingActive", "ScalingLimited", "AbleToScale"}

func complaints(o Object) []string {
	var out []string
	status, _ := o.Object["status"].(map[string]any)
	for _, c := range items(status["conditions"]) {
		kind, status := text(c["type"]), text(c["status"])
		if slices.Contains(ignored, kind) || slices.Contains(ignored, kind+"/"+o.GetKind()) {
			continue
		}
		isBad := status != "True"
		if when, listed := bad[kind]; listed {
			isBad = status == when
		}
		if isBad {
			out = append(out, fmt.Sprintf("%s=%s %s: %s", kind, status, text(c["reason"]), text(c["message"])))
		}
	}
	spec, _ := o.Object["spec"].(map[string]any)
	switch o.GetKind() {
	case "Pod":
		return append(out, ofContainers(status)...)
	case "PersistentVolumeClaim":
		if phase := text(status["phase"]); phase != "Bound" {
			out = append(out, "phase="+phase)
		}
	case "StatefulSet":
		if ready, wanted := status["readyReplicas"], spec["replicas"]; ready != wanted {
			out = append(out, fmt.Sprintf("%v of %v ready", or(ready, 0), wanted))
		}
	case "Service":
		if balancer, _ := status["loadBalancer"].(map[string]any); spec["type"] == "LoadBalancer" && len(balancer) == 0 {
			out = append(out, "no load balancer's address")
		}
	}
	return out
}

// ofContainers are the messages of kubelets about containers that aren't ready.
func ofContainers(status map[string]any) []string {
	var out []string
	for _, c := range append(items(status["initContainerStatuses"]), items(status["containerStatuses"])...) {
		if c["ready"] == true {
			continue
		}
		state, _ := c["state"].(map[string]any)
		for how, detail := range state {
			d, _ := detail.(map[string]any)
			out = append(out, fmt.Sprintf("container %s %s: %s %s", text(c["name"]), how, text(d["reason"]), text(d["message"])))
		}
	}
	return out
}

func or(v, otherwise any) any {
	if v == nil {
		return otherwise
	}
	return v
}

func items(v any) []map[string]any {
	var out []map[string]any
	list, _ := v.([]any)
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func text(v any) string { s, _ := v.(string); return s }
