package plugin

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/planted"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
)

// TestExplainHasNoPlantedSecret explains objects whose conditions contain secrets: of a kind
// with an explainer, and of a kind without one.
func TestExplainHasNoPlantedSecret(t *testing.T) {
	secrets := planted.Secrets()
	for _, c := range []struct{ resource, kind, apiVersion string }{
		{"kustomizations", "Kustomization", "kustomize.toolkit.fluxcd.io/v1"},
		{"widgets", "Widget", "example.com/v1"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			const batch = 100
			for from := 0; from < len(secrets); from += batch {
				some := secrets[from:min(from+batch, len(secrets))]
				out := explainConditions(t, c.resource, c.kind, c.apiVersion, some)
				if n := strings.Count(out, "\"message\""); n < len(some) {
					t.Fatalf("%d messages are explained of %d objects:\n%s", n, len(some), out)
				}
				for _, s := range some {
					if s.Leaks(out) {
						t.Errorf("explained: %s: %q", s.Group, s.Text)
					}
				}
			}
		})
	}
}

// explainConditions returns the output of explain -o json for objects that each have a text as
// the message of a condition.
func explainConditions(t *testing.T, resource, kind, apiVersion string, secrets []planted.Secret) string {
	t.Helper()
	group, version, _ := strings.Cut(apiVersion, "/")
	b := snapshot.NewBuilder()
	requested := snapshot.Request{Group: group, Version: version, Kind: kind, Resource: resource}
	args := []string{"kubectl-orthweb", "explain", "-n", "a", "-o", "json"}
	for i, s := range secrets {
		name := "x" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		obj := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": name, "namespace": "a"},
			"status": map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "False", "reason": "Failed", "message": s.Text}}},
		}}
		b.Add(requested, obj)
		args = append(args, strings.ToLower(kind)+"/"+name)
	}
	var saved bytes.Buffer
	if err := file.Write(&saved, b.Build(snapshot.Meta{At: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)})); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state.tgz")
	if err := os.WriteFile(path, saved.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	code := Run(context.Background(), append(args, "--from="+path), genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: &out, ErrOut: &errOut})
	if out.Len() == 0 {
		t.Fatalf("exit status %d: %s", code, errOut.String())
	}
	return out.String()
}
