package diagnose

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// injection is text that a shell would execute without quotes: after the end of a quotation, in
// a substitution, and after a separator.
const injection = `'"; injected $(injected) ` + "`injected`" + ` | injected & injected > injected`

// keptFields are fields with values that the program compares: with another value in them,
// there is no finding.
var keptFields = regexp.MustCompile(`(^|\.)(apiVersion|kind|type|phase|reason|status|controller|protocol|uid|.*Time|.*Timestamp|time)$`)

// injections append a shell expansion to all strings, to the strings of a spec that are not
// references, and to all names.
var injections = []func(path, text string) string{
	func(path, text string) string {
		if keptFields.MatchString(path) {
			return text
		}
		return text + injection
	},
	func(path, text string) string {
		if !strings.HasPrefix(path, "spec.") || keptFields.MatchString(path) || strings.HasSuffix(path, "ame") || strings.HasSuffix(path, "amespace") {
			return text
		}
		return text + injection
	},
	func(path, text string) string {
		if keptFields.MatchString(path) {
			return text
		}
		return strings.NewReplacer("bhs", "bhs"+injection, "orthanc", "orthanc"+injection, "postgres", "postgres"+injection).Replace(text)
	},
}

// TestCommandsQuoteTheCluster injects into each recorded fault and rebuilt report. No command
// may contain the injected text outside of quotes.
func TestCommandsQuoteTheCluster(t *testing.T) {
	t.Parallel()
	commands, carrying := 0, 0
	all := snapshots(t)
	for i, name := range slices.Sorted(maps.Keys(all)) {
		hostile := injected(all[name], injections[i%len(injections)])
		for _, f := range findingsOf(newContext(hostile, nil)) {
			for _, fix := range f.Fixes {
				commands++
				if strings.Contains(fix.Command, "injected") {
					carrying++
				}
				if rest := withoutQuotes(fix.Command); strings.Contains(rest, "injected") {
					t.Errorf("%s, %s: a shell would run what is in %s", name, f.Code, fix.Command)
				}
			}
		}
	}
	if carrying < 50 {
		t.Errorf("of %d commands only %d carry what was injected: the test shows little", commands, carrying)
	}
	t.Logf("%d commands, %d of them with what was injected", commands, carrying)
}

// withoutQuotes returns a command without its quoted parts.
func withoutQuotes(command string) string {
	return regexp.MustCompile(`'[^']*'|\\'`).ReplaceAllString(command, "")
}

func injected(snap *snapshot.Snapshot, replace func(path, text string) string) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, requested := range snap.Requests() {
		var objects []*unstructured.Unstructured
		for _, obj := range snap.List(requested.GroupKind(), requested.Namespace).Objects {
			objects = append(objects, &unstructured.Unstructured{Object: replaced(obj.DeepCopy().Object, "", replace).(map[string]any)})
		}
		builder.Add(requested, objects...)
	}
	return builder.Build(snap.Meta())
}

func replaced(value any, path string, replace func(path, text string) string) any {
	switch v := value.(type) {
	case string:
		return replace(path, v)
	case []any:
		for i := range v {
			v[i] = replaced(v[i], path, replace)
		}
	case map[string]any:
		for key := range v {
			v[key] = replaced(v[key], strings.TrimPrefix(path+"."+key, "."), replace)
		}
	}
	return value
}
