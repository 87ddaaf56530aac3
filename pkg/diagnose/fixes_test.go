package diagnose

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// keepers are kinds whose deletion loses data, contained objects, or keys.
const keepers = `(persistentvolumeclaims?|pvc|persistentvolumes?|pv|namespaces?|ns|customresourcedefinitions?|crds?|statefulsets?|sts|secrets?)`

var (
	// destructive matches commands that lose data, after any prefix.
	destructive = regexp.MustCompile(`(?i)kubectl delete ` + keepers + `\b|kubectl delete all|--grace-period=0|replace --force|` +
		`helm (uninstall|delete)|flux delete|finalizers["']?[:=] ?(null|\[\])|kubectl patch .*finalizers|docker volume rm|\bDROP (TABLE|DATABASE)\b|rm -rf`)
	// orphaned deletes a StatefulSet and keeps its pods and claims.
	orphaned = regexp.MustCompile(`kubectl delete (statefulsets?|sts) .*--cascade=orphan`)
	// deletes matches a text that requests the deletion of such an object.
	deletes = regexp.MustCompile(`(?i)(^|[.;:,] |\bor |\band |\bthen )(delete|remove|recreate) (the |this |its )?(bound )?(PersistentVolumeClaim|PersistentVolume|claim|volume|Namespace|CustomResourceDefinition|StatefulSet|Secret|finalizers?)\b`)
	// warned matches a warning about the loss.
	warned = regexp.MustCompile(`(?i)back ?up|lost|loses|keeps`)
)

// unsafe returns what is wrong with the fixes of a finding: a fix that may lose data must not
// be first, and must include a warning.
func unsafe(f finding.Finding) []string {
	var found []string
	for i, fix := range f.Fixes {
		reported := fixText(fix)
		loses := destructive.MatchString(reported) && !orphaned.MatchString(reported) || deletes.MatchString(fix.Text)
		switch {
		case loses && i == 0:
			found = append(found, "the first fix may lose data: "+reported)
		case loses && !warned.MatchString(fix.Text):
			found = append(found, "a fix that may lose data does not say what is lost: "+reported)
		}
	}
	return found
}

func TestUnsafe(t *testing.T) {
	for reported, want := range map[string]int{
		"Revert it": 0,
		"Delete the pod|kubectl delete pod x -n y":                                                0,
		"Delete it|kubectl delete pvc x -n y":                                                     1,
		"Delete it|kubectl delete persistentvolumeclaim x":                                        1,
		"Recreate it; its pods are kept|kubectl delete statefulset x -n y --cascade=orphan":       0,
		"Recreate it|kubectl delete statefulset x":                                                1,
		"Take it away|kubectl patch pvc x -p '{\"metadata\":{\"finalizers\":null}}' --type=merge": 1,
		"Remove the finalizer":                                                                    1,
		"Start again|helm uninstall x":                                                            1,
	} {
		text, command, _ := strings.Cut(reported, "|")
		if got := unsafe(finding.Finding{Fixes: []finding.Fix{{Text: text, Command: command}}}); len(got) != want {
			t.Errorf("%s: %q, want %d", reported, got, want)
		}
	}
	last := finding.Finding{Fixes: []finding.Fix{{Text: "Revert it"}, {Text: "Or delete the claim: its data is lost, back it up first", Command: "kubectl delete pvc x"}}}
	if got := unsafe(last); len(got) > 0 {
		t.Errorf("deletion comes last and says what is lost: %q", got)
	}
}

// allSnapshots is set by the first call of snapshots.
var allSnapshots map[string]*snapshot.Snapshot

// snapshots are all recorded and written cluster states of the tests.
func snapshots(t testing.TB) map[string]*snapshot.Snapshot {
	if allSnapshots == nil {
		allSnapshots = map[string]*snapshot.Snapshot{}
		for _, c := range faultCases(t) {
			allSnapshots[c.name] = c.snap
		}
		for _, r := range reports(t) {
			allSnapshots["reports/"+r.Name] = r.snap
		}
	}
	return maps.Clone(allSnapshots)
}

// examination is the result of the explainers for a snapshot.
type examination struct {
	examiner *engine.Context
	findings []finding.Finding
}

var examinations = map[*snapshot.Snapshot]examination{}

// examinationOf examines each snapshot once, for all tests that read its findings.
func examinationOf(snap *snapshot.Snapshot) examination {
	e, ok := examinations[snap]
	if !ok {
		e.examiner = newContext(snap, tenant.Discover(snap))
		e.findings = findingsOf(e.examiner)
		examinations[snap] = e
	}
	return e
}

// findingsOf are all findings about any object of a snapshot, whether or not an object above it
// has failed.
func findingsOf(x *engine.Context) []finding.Finding {
	var all []finding.Finding
	seen := map[schema.GroupKind]bool{}
	for _, requested := range x.Known.Requests() {
		if seen[requested.GroupKind()] {
			continue
		}
		seen[requested.GroupKind()] = true
		for _, obj := range x.Known.List(requested.GroupKind(), "").Objects {
			for _, failing := range []bool{false, true} {
				e := x.Examine(object.RefOf(obj), failing)
				all = append(all, append(slices.Clone(e.Findings), e.Fallback...)...)
			}
		}
	}
	return all
}

// TestFixesLoseNothing checks every fix of every case against the list.
func TestFixesLoseNothing(t *testing.T) {
	for name, snap := range snapshots(t) {
		for _, f := range examinationOf(snap).findings {
			for _, wrong := range unsafe(f) {
				t.Errorf("%s: %s %s: %s", name, f.Code, f.Ref, wrong)
			}
		}
	}
}

// literal is text in the sources, which may become a fix in a state that no case covers.
var literal = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`")

// last are commands that come last, each behind a text that says what it takes:
// the StatefulSet's with --cascade=orphan; the record of Helm that is saved before;
// the pod whose node is off.
var last = map[string]bool{
	`"kubectl delete statefulset %s -n %s --cascade=orphan"`:                            true,
	`"kubectl delete statefulset "`:                                                     true,
	`"kubectl get secret %s -n %s -o yaml > %s.yaml && kubectl delete secret %s -n %s"`: true,
	`"kubectl delete pod %s -n %s --grace-period=0 --force"`:                            true,
}

// TestSourcesLoseNothing looks for destructive commands in the sources of all explainers, and
// requires it to find those that are known.
func TestSourcesLoseNothing(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, word := range literal.FindAllString(string(text), -1) {
			if destructive.MatchString(word) && !last[word] {
				t.Errorf("%s: %s", path, word)
			}
			found[word] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for word := range last {
		if !found[word] {
			t.Errorf("no explainer has %s", word)
		}
	}
}
