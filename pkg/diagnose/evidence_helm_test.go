package diagnose

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestHelmEvidence compares all evidence about charts and releases with the cluster: it must
// exist as quoted, and only once. It also checks what their fixes delete.
func TestHelmEvidence(t *testing.T) {
	for name, file := range readClusters(t, "testdata/flux/*.yaml") {
		for _, c := range file.Cases {
			if c.Of == "" {
				c.Of = file.Of
			}
			snap := clusterAsked(fluxAsked, c.cluster(t, file.Base), c.Forbidden)
			x := newContext(snap, tenant.Discover(snap))
			for _, cause := range engine.NewWalk(x).From(refNamed(t, snap, c.Of), c.Failing).Causes {
				if strings.HasPrefix(string(cause.Code), "OW22") || strings.HasPrefix(string(cause.Code), "OW31") {
					checkHelmEvidence(t, name+"/"+c.Name, x, cause.Finding)
					checkHelmFixes(t, name+"/"+c.Name, cause.Finding)
				}
			}
		}
	}
}

// loses matches commands that delete objects with data, or objects that contain others.
var loses = regexp.MustCompile(`delete (?:pvc|pv|persistentvolume\w*|namespace|ns|crd|customresourcedefinition)\b|helm uninstall|delete statefulset (?:[^&]*)$`)

// checkHelmFixes checks that no fix loses data, and that no fix that deletes comes first.
func checkHelmFixes(t *testing.T, name string, f finding.Finding) {
	t.Helper()
	for i, fix := range f.Fixes {
		if loses.MatchString(fix.Command) && !strings.HasSuffix(fix.Command, "--cascade=orphan") || i == 0 && strings.Contains(fix.Command, " delete ") {
			t.Errorf("%s: %s: fix %d: %s: %s", name, f.Code, i, fix.Text, fix.Command)
		}
	}
}

func checkHelmEvidence(t *testing.T, name string, x *engine.Context, f finding.Finding) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range f.Evidence {
		what := e.Ref.String() + " " + e.Field
		if seen[what+e.Value] {
			t.Errorf("%s: %s: evidence twice: %s", name, f.Code, what)
		}
		seen[what+e.Value] = true
		if got, ok := helmEvidenceAt(x, e); !ok || got != e.Value {
			t.Errorf("%s: %s: %s\n is %q\nsaid %q", name, f.Code, what, got, e.Value)
		}
	}
}

// helmEvidenceAt reads the value that a piece of evidence quotes.
func helmEvidenceAt(x *engine.Context, e finding.Evidence) (string, bool) {
	answer := x.Snap.Lookup(e.Ref)
	if e.Field == "object" {
		return "does not exist", answer.Presence == snapshot.Absent
	}
	if answer.Object == nil {
		return "", false
	}
	if reason, isEvent := strings.CutPrefix(e.Field, "event "); isEvent {
		at := slices.IndexFunc(x.Health.Warnings[e.Ref.Key()], func(other health.Warning) bool { return other.Reason == reason && other.Message == e.Value })
		return e.Value, at >= 0
	}
	if kind, isCondition := strings.CutPrefix(e.Field, "status.conditions["); isCondition {
		kind, whole := strings.CutSuffix(kind, "]")
		c := object.ConditionOf(answer.Object, kind)
		return c.Reason + ": " + c.Message, whole && c.Status != ""
	}
	return helmFieldAt(answer.Object, e.Field)
}

var pathStep = regexp.MustCompile(`\[([^\]]*)\]|([^.\[\]]+)`)

func helmFieldAt(obj *unstructured.Unstructured, path string) (string, bool) {
	var value any = obj.Object
	for _, step := range pathStep.FindAllStringSubmatch(path, -1) {
		key, ok := step[1]+step[2], false
		switch in := value.(type) {
		case map[string]any:
			value, ok = in[key]
		case []any:
			at, err := strconv.Atoi(key)
			if err != nil {
				at = slices.IndexFunc(in, func(entry any) bool {
					m, _ := entry.(map[string]any)
					return object.Text(m, "name") == key || object.Text(m, "type") == key
				})
			}
			if ok = at >= 0 && at < len(in); ok {
				value = in[at]
			}
		}
		if !ok {
			return "", false
		}
	}
	switch value.(type) {
	case map[string]any, []any:
		text, err := json.Marshal(value)
		return string(text), err == nil
	}
	return fmt.Sprint(value), true
}
