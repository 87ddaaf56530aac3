package faults

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// Pods defines the status that a kubelet reports for the Pods with the labels in a namespace:
// both new and running ones.
type Pods struct {
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	// Image, if set, restricts this to Pods with a container of this image.
	Image string `json:"image,omitempty"`
	// New excludes Pods that already run.
	New bool `json:"new,omitempty"`
	// Container is the container with the problem; the others run.
	Container string `json:"container"`
	// Behaviour is one of behaviours.yaml.
	Behaviour string `json:"behaviour"`
	// Reason, ExitCode and Message complete the behaviour.
	Reason   string `json:"reason,omitempty"`
	ExitCode int    `json:"exitCode,omitempty"`
	Message  string `json:"message,omitempty"`
}

// behaviour is the status that a kubelet reports for a Pod, and its events. State, Last and the
// events' messages are templates: first of Go with [[ ]] and a Pods, then of kwok with {{ }},
// where $pod is the Pod and $c the container.
type behaviour struct {
	Source    string         `json:"source"`
	Phase     string         `json:"phase"`
	Condition string         `json:"condition"`
	Message   string         `json:"message"`
	Sandbox   string         `json:"sandbox"`
	Started   bool           `json:"started"`
	Restarts  int            `json:"restarts"`
	State     string         `json:"state"`
	Last      string         `json:"last"`
	Events    []kubeletEvent `json:"events"`
}

type kubeletEvent struct {
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Count   int    `json:"count"`
}

//go:embed behaviours.yaml
var behavioursYAML []byte

//go:embed stage.yaml.tmpl
var stageTemplate string

// Stages returns the kwok Stages for the fault's Pods.
func (f Fault) Stages() ([]*unstructured.Unstructured, error) {
	var known map[string]behaviour
	if err := yaml.UnmarshalStrict(behavioursYAML, &known); err != nil {
		return nil, fmt.Errorf("reading the behaviours of Pods: %w", err)
	}
	var out []*unstructured.Unstructured
	for i, p := range f.Pods {
		b, ok := known[p.Behaviour]
		if !ok {
			return nil, fmt.Errorf("fault %s: no Pod behaves as %q", f.ID, p.Behaviour)
		}
		stage, err := p.stage(fmt.Sprintf("fault-%s-%d", strings.ToLower(f.ID), i), b)
		if err != nil {
			return nil, fmt.Errorf("fault %s: %w", f.ID, err)
		}
		out = append(out, stage)
	}
	return out, nil
}

// AwaitPods waits until the kubelets have reported: on running Pods, or on those that are not
// created yet. kwok processes a running Pod only when it changes, so an annotation is added and
// removed.
func (f Fault) AwaitPods(running bool) []Act {
	var out []Act
	for _, p := range f.Pods {
		if running == (p.New || p.Image != "") {
			continue
		}
		pods := cluster.Objects{APIVersion: "v1", Kind: "Pod", Namespace: p.Namespace, Labels: p.Labels}
		if running {
			for _, value := range []any{"again", nil} {
				note := map[string]any{"orthweb-lab/look": value}
				out = append(out, Act{Patch: &pods, Merge: map[string]any{"metadata": map[string]any{"annotations": note}}})
			}
		}
		out = append(out, Act{Await: &Sign{Objects: pods, JQ: `any(.[]; cond("Ready").status == "False")`}})
	}
	return out
}

func (p Pods) stage(name string, b behaviour) (*unstructured.Unstructured, error) {
	var text bytes.Buffer
	t := template.New("stage").Delims("[[", "]]").Funcs(template.FuncMap{
		"fill": p.fill,
		// JSON is valid YAML, and quotes the characters of jq and of kwok's templates.
		"json": func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
	})
	if _, err := t.Parse(stageTemplate); err != nil {
		return nil, err
	}
	err := t.Execute(&text, map[string]any{"Name": name, "Selects": p.selects(), "Pods": p, "B": b})
	if err != nil {
		return nil, err
	}
	stage := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(text.Bytes(), &stage.Object); err != nil {
		return nil, fmt.Errorf("the Stage isn't YAML: %w\n%s", err, text.String())
	}
	return stage, nil
}

// fill inserts the fault's values into a behaviour's template.
func (p Pods) fill(text string) (string, error) {
	t, err := template.New("behaviour").Delims("[[", "]]").Parse(text)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = t.Execute(&out, p)
	return strings.TrimSpace(out.String()), err
}

// selects is the jq filter for the Pods on which the kubelet has not reported, or which
// it last reported as Ready.
func (p Pods) selects() string {
	tests := []string{
		"(.metadata.deletionTimestamp == null)",
		fmt.Sprintf("(.metadata.namespace == %q)", p.Namespace),
	}
	var keys []string
	for key := range p.Labels {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		tests = append(tests, fmt.Sprintf("(.metadata.labels[%q]? == %q)", key, p.Labels[key]))
	}
	if p.Image != "" {
		tests = append(tests, fmt.Sprintf("any(.spec.containers[]; .image == %q)", p.Image))
	}
	unspoken := ".status.startTime == null"
	if !p.New {
		unspoken += ` or ([.status.conditions[]? | select(.type == "Ready") | .status] | first) == "True"`
	}
	tests = append(tests, "("+unspoken+")")
	return strings.Join(tests, " and ")
}
