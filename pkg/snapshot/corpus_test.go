package snapshot

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/internal/planted"
)

// carrier puts a text where programs and people write one, in an object.
type carrier struct {
	name string
	put  func(text string) *unstructured.Unstructured
}

func custom(fields map[string]any) *unstructured.Unstructured {
	return object("example.com/v1", "Widget", "a", "x", fields)
}

func ready(message string) map[string]any {
	return map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "False", "reason": "Failed", "message": message}}}
}

func container(fields map[string]any) *unstructured.Unstructured {
	fields["name"] = "c"
	return object("v1", "Pod", "a", "x", map[string]any{"spec": map[string]any{"containers": []any{fields}}})
}

func annotated(key, text string) *unstructured.Unstructured {
	obj := object("v1", "Service", "a", "x", nil)
	obj.SetAnnotations(map[string]string{key: text})
	return obj
}

func carriers() []carrier {
	return []carrier{
		{"a condition's message", func(text string) *unstructured.Unstructured {
			return object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "a", "x", map[string]any{"status": ready(text)})
		}},
		{"an event's message", func(text string) *unstructured.Unstructured {
			return object("v1", "Event", "a", "x", map[string]any{"message": text})
		}},
		{"a container's state", func(text string) *unstructured.Unstructured {
			return object("v1", "Pod", "a", "x", map[string]any{"status": map[string]any{"containerStatuses": []any{
				map[string]any{"lastState": map[string]any{"terminated": map[string]any{"message": text}}}}}})
		}},
		{"an environment variable", func(text string) *unstructured.Unstructured {
			return container(map[string]any{"env": []any{map[string]any{"name": "X", "value": text}}})
		}},
		{"arguments", func(text string) *unstructured.Unstructured {
			return container(map[string]any{"args": []any{"-c", text}})
		}},
		{"an annotation", func(text string) *unstructured.Unstructured { return annotated("example.com/x", text) }},
		{"a known annotation", func(text string) *unstructured.Unstructured { return annotated("kubernetes.io/description", text) }},
		{"a HelmRelease's values", func(text string) *unstructured.Unstructured {
			return object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "a", "x", map[string]any{"spec": map[string]any{
				"values": map[string]any{"a": map[string]any{"b": []any{text}}}}})
		}},
		{"a ConfigMap", func(text string) *unstructured.Unstructured {
			return object("v1", "ConfigMap", "a", "x", map[string]any{"data": map[string]any{"x": text}})
		}},
		{"an unknown kind's spec", func(text string) *unstructured.Unstructured {
			return custom(map[string]any{"spec": map[string]any{"config": text, "list": []any{map[string]any{"value": text}}}})
		}},
		{"an unknown kind's condition", func(text string) *unstructured.Unstructured {
			return custom(map[string]any{"status": ready(text)})
		}},
		{"an address", func(text string) *unstructured.Unstructured {
			return object("source.toolkit.fluxcd.io/v1", "Bucket", "a", "x", map[string]any{"spec": map[string]any{"endpoint": text}})
		}},
	}
}

// errorText is the carrier of what is no object's.
const errorText = "an error"

// savedText is the snapshot of the object as it is saved.
func savedText(t testing.TB, obj *unstructured.Unstructured) string {
	t.Helper()
	return string(unpack(t, fileOf(t, []*unstructured.Unstructured{obj})))
}

func parsedYAML(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	converted, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err, text)
	}
	var fields map[string]any
	if err := kjson.Unmarshal(converted, &fields); err != nil {
		t.Fatal(err, text)
	}
	return &unstructured.Unstructured{Object: fields}
}

// tally counts how many of the planted were tried and found.
type tally struct{ tried, found int }

func (c tally) String() string { return fmt.Sprintf("%d of %d", c.found, c.tried) }

func (c *tally) count(found bool) bool {
	c.tried++
	if found {
		c.found++
	}
	return found
}

// measurement is what redaction does to the corpus.
type measurement struct {
	known, heldOut           tally // secrets
	harmless, heldOutText    tally // texts
	byCarrier                map[string]*tally
	order                    []string
	missed, changed, altered []string
}

// showHeldOut is the variable that has the held-out misses listed too. Rules are
// written without it.
const showHeldOut = "ORTHWEB_SHOW_HELD_OUT"

func (m *measurement) secret(s planted.Secret, carrier, saved string) {
	if m.byCarrier[carrier] == nil {
		m.byCarrier[carrier] = &tally{}
		m.order = append(m.order, carrier)
	}
	gone := !s.Leaks(saved)
	m.byCarrier[carrier].count(gone)
	which := &m.known
	if s.HeldOut {
		which = &m.heldOut
	}
	if !which.count(gone) && (!s.HeldOut || os.Getenv(showHeldOut) != "") {
		m.missed = append(m.missed, fmt.Sprintf("%s in %s: %q", s.Group, carrier, s.Text))
	}
}

func measureCorpus(t testing.TB) *measurement {
	t.Helper()
	m := &measurement{byCarrier: map[string]*tally{}}
	for _, s := range planted.Secrets() {
		m.secret(s, errorText, Mask(s.Text))
		for _, c := range carriers() {
			m.secret(s, c.name, savedText(t, c.put(s.Text)))
		}
	}
	for _, obj := range planted.Objects() {
		m.secret(obj.Secret, "a field of its kind", savedText(t, parsedYAML(t, obj.YAML)))
	}
	for i, text := range planted.Harmless {
		which := &m.harmless
		if planted.HeldOut(i) {
			which = &m.heldOutText
		}
		if got := Mask(text); !which.count(got == text) && (!planted.HeldOut(i) || os.Getenv(showHeldOut) != "") {
			m.changed = append(m.changed, text+"\n    "+got)
		}
	}
	return m
}

func TestCorpus(t *testing.T) {
	m := measureCorpus(t)
	for _, miss := range m.missed {
		t.Errorf("not redacted: %s", miss)
	}
	for _, change := range m.changed {
		t.Errorf("changed though harmless: %s", change)
	}
	var carriers []string
	for _, name := range m.order {
		carriers = append(carriers, name+": "+m.byCarrier[name].String())
	}
	t.Logf("secrets %v, held out %v; harmless %v, held out %v\n%s", m.known, m.heldOut, m.harmless, m.heldOutText, strings.Join(carriers, "\n"))
}
