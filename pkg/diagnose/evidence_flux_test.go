package diagnose

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// sourceFamily are the kinds whose findings this file verifies.
var sourceFamily = []object.Ref{
	{APIVersion: object.KustomizationKind.Group + "/v1", Kind: object.KustomizationKind.Kind},
	{APIVersion: object.GitRepositoryKind.Group + "/v1", Kind: object.GitRepositoryKind.Kind},
	{APIVersion: object.OCIRepositoryKind.Group + "/v1", Kind: object.OCIRepositoryKind.Kind},
	{APIVersion: object.BucketKind.Group + "/v1", Kind: object.BucketKind.Kind},
	{APIVersion: object.ExternalArtifactKind.Group + "/v1", Kind: object.ExternalArtifactKind.Kind},
	{APIVersion: object.HelmRepositoryKind.Group + "/v1", Kind: object.HelmRepositoryKind.Kind},
}

// TestEvidenceOfLayersAndSources compares each piece of evidence of the explainers of layers
// and sources with the cluster: it must exist as quoted, and only once.
func TestEvidenceOfLayersAndSources(t *testing.T) {
	read := 0
	for name, file := range readClusters(t, "testdata/flux/*.yaml") {
		for _, c := range file.Cases {
			snap := clusterAsked(fluxAsked, c.cluster(t, file.Base), c.Forbidden)
			x := newContext(snap, tenant.Discover(snap))
			for _, kind := range sourceFamily {
				for _, obj := range snap.List(kind.GroupKind(), "").Objects {
					e := x.Examine(object.RefOf(obj), c.Failing)
					for _, f := range slices.Concat(e.Findings, e.Fallback) {
						if strings.HasPrefix(string(f.Code), "OW8") {
							continue // of the API server's errors
						}
						read += len(f.Evidence)
						for i, piece := range f.Evidence {
							if why := notThere(snap, x, piece); why != "" {
								t.Errorf("%s/%s: %s: %s %s = %q: %s", name, c.Name, f.Code, piece.Ref, piece.Field, piece.Value, why)
							}
							if slices.ContainsFunc(f.Evidence[:i], func(other finding.Evidence) bool { return other == piece }) {
								t.Errorf("%s/%s: %s: %s %s is given twice", name, c.Name, f.Code, piece.Ref, piece.Field)
							}
						}
					}
				}
			}
		}
	}
	if read < 100 {
		t.Errorf("only %d pieces of evidence were read", read)
	}
}

// notThere returns why a piece of evidence is not in the cluster, or "" if it is.
func notThere(snap *snapshot.Snapshot, x *engine.Context, piece finding.Evidence) string {
	answer := snap.Lookup(piece.Ref)
	switch {
	case piece.Field == "object":
		if answer.Presence != snapshot.Absent || piece.Value != "does not exist" {
			return "it does exist, or that is not known"
		}
		return ""
	case strings.HasPrefix(piece.Field, "event "):
		for _, e := range x.Health.Warnings[piece.Ref.Key()] {
			if "event "+e.Reason == piece.Field && e.Message == piece.Value {
				return ""
			}
		}
		return "there is no such event"
	case answer.Object == nil:
		return "there is no such object"
	case strings.HasPrefix(piece.Field, "status.conditions["):
		c := object.ConditionOf(answer.Object, strings.TrimSuffix(strings.TrimPrefix(piece.Field, "status.conditions["), "]"))
		if c.Status == "" || c.Reason+": "+c.Message != piece.Value {
			return "the condition says " + c.Reason + ": " + c.Message
		}
		return ""
	}
	value, ok := fieldAt(answer.Object.Object, piece.Field)
	if !ok || value != piece.Value {
		return fmt.Sprintf("there is %q", value)
	}
	return ""
}

// fieldAt reads paths such as "spec.dependsOn[bhs-dependency].name".
func fieldAt(obj map[string]any, path string) (string, bool) {
	var at any = obj
	for path != "" {
		var step string
		if rest, ok := strings.CutPrefix(path, "["); ok {
			step, path, _ = strings.Cut(rest, "]")
			path = strings.TrimPrefix(path, ".")
		} else {
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			step, path = path[:end], strings.TrimPrefix(path[end:], ".")
		}
		switch v := at.(type) {
		case map[string]any:
			next, ok := v[step]
			if !ok {
				return "", false
			}
			at = next
		case []any:
			next, ok := listEntry(v, step)
			if !ok {
				return "", false
			}
			at = next
		default:
			return "", false
		}
	}
	if text, ok := at.(string); ok {
		return text, true
	}
	text, err := json.Marshal(at)
	return string(text), err == nil
}

// listEntry returns the entry of a list with the name, the type, or the index.
func listEntry(list []any, step string) (any, bool) {
	for _, each := range list {
		if m, ok := each.(map[string]any); ok && (object.Text(m, "name") == step || object.Text(m, "type") == step) {
			return m, true
		}
	}
	if at, err := strconv.Atoi(step); err == nil && at >= 0 && at < len(list) {
		return list[at], true
	}
	return nil, false
}

// names lists the names of objects for a golden file.
func names(refs []object.Ref) string {
	var all []string
	for _, ref := range refs {
		all = append(all, ref.Name)
	}
	return strings.Join(all, ", ")
}
