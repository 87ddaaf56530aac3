package file

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/planted"
	"github.com/digihunch/kubectl-orthweb/internal/reliability"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// carrier inserts a text into an object where programs and people write one.
type carrier struct {
	name string
	put  func(text string) *unstructured.Unstructured
}

func custom(fields map[string]any) *unstructured.Unstructured {
	return newObject("example.com/v1", "Widget", "a", "x", fields)
}

func ready(message string) map[string]any {
	return map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "False", "reason": "Failed", "message": message}}}
}

func container(fields map[string]any) *unstructured.Unstructured {
	fields["name"] = "c"
	return newObject("v1", "Pod", "a", "x", map[string]any{"spec": map[string]any{"containers": []any{fields}}})
}

func annotated(key, text string) *unstructured.Unstructured {
	obj := newObject("v1", "Service", "a", "x", nil)
	obj.SetAnnotations(map[string]string{key: text})
	return obj
}

func carriers() []carrier {
	return []carrier{
		{"a condition's message", func(text string) *unstructured.Unstructured {
			return newObject("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "a", "x", map[string]any{"status": ready(text)})
		}},
		{"an event's message", func(text string) *unstructured.Unstructured {
			return newObject("v1", "Event", "a", "x", map[string]any{"message": text})
		}},
		{"a container's state", func(text string) *unstructured.Unstructured {
			return newObject("v1", "Pod", "a", "x", map[string]any{"status": map[string]any{"containerStatuses": []any{
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
			return newObject("helm.toolkit.fluxcd.io/v2", "HelmRelease", "a", "x", map[string]any{"spec": map[string]any{
				"values": map[string]any{"a": map[string]any{"b": []any{text}}}}})
		}},
		{"a ConfigMap", func(text string) *unstructured.Unstructured {
			return newObject("v1", "ConfigMap", "a", "x", map[string]any{"data": map[string]any{"x": text}})
		}},
		{"an unknown kind's spec", func(text string) *unstructured.Unstructured {
			return custom(map[string]any{"spec": map[string]any{"config": text, "list": []any{map[string]any{"value": text}}}})
		}},
		{"an unknown kind's condition", func(text string) *unstructured.Unstructured {
			return custom(map[string]any{"status": ready(text)})
		}},
		{"an address", func(text string) *unstructured.Unstructured {
			return newObject("source.toolkit.fluxcd.io/v1", "Bucket", "a", "x", map[string]any{"spec": map[string]any{"endpoint": text}})
		}},
	}
}

// errorText is the carrier of text outside of objects, and fieldOfKind that of secrets in the
// fields of their kinds.
const (
	errorText   = "an error"
	fieldOfKind = "a field of its kind"
)

// savedText is the saved snapshot of the objects.
func savedText(t testing.TB, objects ...*unstructured.Unstructured) string {
	t.Helper()
	return string(unpack(t, fileOf(t, objects)))
}

// corpus counts the effect of redaction on the planted secrets, by carrier, and on harmless
// texts.
type corpus struct {
	rows     []reliability.Row
	position map[string]int
}

func (c *corpus) count(tried, promise string, held bool) {
	at, ok := c.position[tried]
	if !ok {
		at = len(c.rows)
		c.position[tried] = at
		c.rows = append(c.rows, reliability.Row{Tried: tried, Promise: promise})
	}
	c.rows[at].Times++
	if held {
		c.rows[at].Held++
	}
}

func (c *corpus) secret(t *testing.T, s planted.Secret, carrier, saved string) {
	leaks := s.Leaks(saved)
	if leaks {
		t.Errorf("not redacted: %s in %s: %q", s.Group, carrier, s.Text)
	}
	c.count("a secret in "+carrier, "no part of it is in the bytes, raw or decoded", !leaks)
}

// TestCorpus plants every secret in every carrier, and redacts harmless texts.
func TestCorpus(t *testing.T) {
	c := &corpus{position: map[string]int{}}
	for _, s := range planted.Secrets() {
		c.secret(t, s, errorText, mask.Mask(s.Text))
		var objects []*unstructured.Unstructured
		for i, carrier := range carriers() {
			obj := carrier.put(s.Text)
			obj.SetName(fmt.Sprintf("x-%d", i))
			objects = append(objects, obj)
		}
		all := savedText(t, objects...)
		for i, carrier := range carriers() {
			saved := all
			if s.Leaks(all) {
				saved = savedText(t, objects[i])
			}
			c.secret(t, s, carrier.name, saved)
		}
	}
	for _, obj := range planted.Objects() {
		c.secret(t, obj.Secret, fieldOfKind, savedText(t, planted.Parse(t, obj.YAML)))
	}
	for _, text := range planted.Harmless {
		got := mask.Mask(text)
		if got != text {
			t.Errorf("changed though harmless:\n%s\n%s", text, got)
		}
		c.count("a harmless message about secrets, keys and tokens", "it comes out unchanged", got == text)
	}
	reliability.Report(t, "secrets", c.rows)
}

// TestCorpusInPrivacyPage compares the numbers in docs/privacy.md.
func TestCorpusInPrivacyPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(page)), " ")
	for _, want := range []string{
		fmt.Sprintf("%d secrets in %d forms", len(planted.Secrets()), len(planted.Forms())),
		fmt.Sprintf("in %d places", len(carriers())+1),
		fmt.Sprintf("%d fields of kinds", len(planted.Objects())),
		fmt.Sprintf("%d harmless messages", len(planted.Harmless)),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("docs/privacy.md does not say %q", want)
		}
	}
}
