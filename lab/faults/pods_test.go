package faults

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/itchyny/gojq"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kwok/pkg/utils/gotpl"
	"sigs.k8s.io/yaml"
)

// examples are Pods with each behaviour, and the status that a kubelet of 1.36.3 reports
// according to its source.
var examples = []struct {
	pods           Pods
	phase, waiting string
	message, last  string
	events         []string
}{{
	pods:  Pods{Behaviour: "crash", Reason: "OOMKilled", ExitCode: 137},
	phase: "Running", waiting: "CrashLoopBackOff", last: "OOMKilled 137",
	message: "back-off 40s restarting failed container=orthanc pod=p_n(u)",
	events:  []string{"BackOff: Back-off restarting failed container orthanc in pod p_n(u)"},
}, {
	pods:  Pods{Behaviour: "crash", ExitCode: 1},
	phase: "Running", waiting: "CrashLoopBackOff", last: "Error 1",
	message: "back-off 40s restarting failed container=orthanc pod=p_n(u)",
	events:  []string{"BackOff: Back-off restarting failed container orthanc in pod p_n(u)"},
}, {
	pods:  Pods{Behaviour: "image-pull"},
	phase: "Pending", waiting: "ImagePullBackOff",
	message: `Back-off pulling image "osimis/orthanc:1": ErrImagePull: ` + notFound,
	events: []string{
		`Pulling: Pulling image "osimis/orthanc:1"`,
		`Failed: Failed to pull image "osimis/orthanc:1": ` + notFound,
		"Failed: Error: ErrImagePull",
		`BackOff: Back-off pulling image "osimis/orthanc:1"`,
		"Failed: Error: ImagePullBackOff",
	},
}, {
	pods:  Pods{Behaviour: "config-error", Message: `secret "s" not found`},
	phase: "Pending", waiting: "CreateContainerConfigError",
	message: `secret "s" not found`,
	events: []string{
		`Pulled: Container image "osimis/orthanc:1" already present on machine and can be accessed by the pod`,
		`Failed: Error: secret "s" not found`,
	},
}, {
	pods:   Pods{Behaviour: "not-ready", Message: "psql: error: \"x\"\n"},
	phase:  "Running",
	events: []string{"Unhealthy: Readiness probe failed: psql: error: \"x\"\n"},
}, {
	pods:  Pods{Behaviour: "creating"},
	phase: "Pending", waiting: "ContainerCreating",
	events: []string{`Pulling: Pulling image "osimis/orthanc:1"`},
}, {
	pods:  Pods{Behaviour: "failed", ExitCode: 2},
	phase: "Failed",
	events: []string{
		`Pulled: Container image "osimis/orthanc:1" already present on machine and can be accessed by the pod`,
		"Created: Container created", "Started: Container started",
	},
}}

const notFound = `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/osimis/orthanc:1": ` +
	`failed to resolve reference "docker.io/osimis/orthanc:1": docker.io/osimis/orthanc:1: not found`

func examplePod() map[string]any {
	return map[string]any{
		"metadata": map[string]any{"name": "p", "namespace": "n", "uid": "u", "labels": map[string]any{"app": "orth"}},
		"spec": map[string]any{"nodeName": "node", "containers": []any{
			map[string]any{"name": "sidecar", "image": "other:1"},
			map[string]any{"name": "orthanc", "image": "osimis/orthanc:1"},
		}},
		"status": map[string]any{"phase": "Pending"},
	}
}

func TestKubeletStatus(t *testing.T) {
	for _, c := range examples {
		c.pods.Namespace, c.pods.Labels, c.pods.Container = "n", map[string]string{"app": "orth"}, "orthanc"
		stages, err := Fault{ID: "F00", Pods: []Pods{c.pods}}.Stages()
		if err != nil {
			t.Fatal(err)
		}
		var events []string
		var status map[string]any
		for _, step := range steps(t, stages[0]) {
			if step["kind"] == "Event" {
				events = append(events, step["reason"].(string)+": "+step["message"].(string))
				continue
			}
			status = step
		}
		if got, want := strings.Join(events, "|"), strings.Join(c.events, "|"); got != want {
			t.Errorf("%s: events\n%s, want\n%s", c.pods.Behaviour, got, want)
		}
		list := status["containerStatuses"].([]any)
		other, broken := list[0].(map[string]any), list[1].(map[string]any)
		if other["ready"] != true || broken["ready"] != false || status["phase"] != c.phase || status["podIP"] != "10.0.0.9" {
			t.Errorf("%s: %v", c.pods.Behaviour, status)
		}
		reason, _, _ := unstructured.NestedString(broken, "state", "waiting", "reason")
		message, _, _ := unstructured.NestedString(broken, "state", "waiting", "message")
		if reason != c.waiting || message != c.message {
			t.Errorf("%s: waits for %s: %s", c.pods.Behaviour, reason, message)
		}
		last, _, _ := unstructured.NestedMap(broken, "lastState", "terminated")
		if code, _ := json.Marshal(last["exitCode"]); c.last != "" && c.last != last["reason"].(string)+" "+string(code) {
			t.Errorf("%s: ended with %v", c.pods.Behaviour, last)
		}
	}
}

// steps are the resources that the Stage applies and patches, rendered for the example.
func steps(t *testing.T, stage *unstructured.Unstructured) []map[string]any {
	t.Helper()
	ips := func(...any) []string { return []string{"10.0.0.9"} }
	renderer := gotpl.NewRenderer(gotpl.FuncMap{"NodeIPsWith": ips, "PodIPsWith": ips})
	list, _, _ := unstructured.NestedSlice(stage.Object, "spec", "steps")
	var out []map[string]any
	for _, step := range list {
		for _, how := range []string{"apply", "patch"} {
			text, ok, _ := unstructured.NestedString(step.(map[string]any), how, "template")
			if !ok {
				continue
			}
			data, err := renderer.ToJSON(text, examplePod())
			if err != nil {
				t.Fatalf("rendering: %v\n%s", err, text)
			}
			var made map[string]any
			if err := yaml.Unmarshal(data, &made); err != nil {
				t.Fatal(err)
			}
			out = append(out, made)
		}
	}
	return out
}

func TestSelectsPods(t *testing.T) {
	ready := func(status string) func(map[string]any) {
		return func(p map[string]any) {
			p["status"] = map[string]any{"startTime": "t", "conditions": []any{map[string]any{"type": "Ready", "status": status}}}
		}
	}
	orth := Pods{Namespace: "n", Labels: map[string]string{"app": "orth"}}
	for name, c := range map[string]struct {
		change func(map[string]any)
		pods   Pods
		want   bool
	}{
		"one that starts":      {nil, orth, true},
		"one that is ready":    {ready("True"), orth, true},
		"one spoken of":        {ready("False"), orth, false},
		"a ready one, new":     {ready("True"), Pods{Namespace: "n", New: true}, false},
		"another namespace":    {nil, Pods{Namespace: "m"}, false},
		"another label":        {nil, Pods{Namespace: "n", Labels: map[string]string{"app": "x"}}, false},
		"its image":            {nil, Pods{Namespace: "n", Image: "osimis/orthanc:1"}, true},
		"another image":        {nil, Pods{Namespace: "n", Image: "osimis/orthanc:2"}, false},
		"one that is deleted":  {func(p map[string]any) { p["metadata"].(map[string]any)["deletionTimestamp"] = "t" }, orth, false},
		"one without a status": {func(p map[string]any) { delete(p, "status") }, orth, true},
	} {
		pod := examplePod()
		if c.change != nil {
			c.change(pod)
		}
		query, err := gojq.Parse(c.pods.selects())
		if err != nil {
			t.Fatalf("%s isn't jq: %v", c.pods.selects(), err)
		}
		if got, _ := query.Run(pod).Next(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestEveryStageRenders(t *testing.T) {
	for _, f := range all(t) {
		stages, err := f.Stages()
		if err != nil {
			t.Error(err)
		}
		if len(stages) != len(f.Pods) {
			t.Errorf("%s: %d Stages for %d kinds of Pods", f.ID, len(stages), len(f.Pods))
		}
		for _, s := range stages {
			steps(t, s)
		}
	}
	_, err := Fault{ID: "F00", Pods: []Pods{{Behaviour: "nonsense"}}}.Stages()
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("an unknown behaviour: %v", err)
	}
}
