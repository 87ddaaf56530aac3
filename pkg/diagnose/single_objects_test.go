package diagnose

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/manifest"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// singleCase is a single object, as `kubectl get -o yaml` prints it, and its expected
// explanation.
type singleCase struct {
	Name string `json:"name"`
	// At is the current time; if empty, the newest time in the objects.
	At string `json:"at"`
	// Read is the time when the file was read, if it matters.
	Read   string         `json:"read"`
	Object map[string]any `json:"object"`
	// Beside are other objects in the output.
	Beside []map[string]any `json:"beside"`

	Status health.Status `json:"status"`
	// Code, Severity and Says are those of the first cause: Says is a part of its message, or
	// of the verdict's message if no cause is expected. Without Code, no cause is expected.
	// Codes are separated by "|" where the kind's explainer may be more specific.
	Code     string           `json:"code"`
	Severity finding.Severity `json:"severity"`
	Says     string           `json:"says"`
	// Reason is the first cause's, and Since the verdict's: "never" means none.
	Reason string `json:"reason"`
	Since  string `json:"since"`
	// Fix is a part of the first cause's fixes; no fix may contain NoFix.
	Fix   string `json:"fix"`
	NoFix string `json:"noFix"`
	// Proof is among the first cause's evidence, as "field = value".
	Proof []string `json:"proof"`
}

func readSingles(t testing.TB) map[string][]singleCase {
	t.Helper()
	paths, err := filepath.Glob("testdata/single/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	files := map[string][]singleCase{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var cases []singleCase
		if err := yaml.UnmarshalStrict(text, &cases); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".yaml")] = cases
	}
	return files
}

func (c singleCase) snapshot(t testing.TB) *snapshot.Snapshot {
	t.Helper()
	var files []manifest.File
	for _, obj := range slices.Concat([]map[string]any{c.Object}, c.Beside) {
		text, err := json.Marshal(obj)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, manifest.File{Name: c.Name, Content: bytes.NewReader(text)})
	}
	opts := manifest.ObjectsOptions{At: moment(t, c.At), Read: moment(t, c.Read)}
	snap, err := manifest.ReadObjects(files, opts)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestSingleObjects explains single objects: it must report and quote the status of the object,
// and report nothing for a healthy one.
func TestSingleObjects(t *testing.T) {
	for name, cases := range readSingles(t) {
		for _, c := range cases {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				snap := c.snapshot(t)
				ref := object.RefOf(&unstructured.Unstructured{Object: c.Object})
				c.check(t, snap, Object(snap, tenant.Discover(snap), ref).Subjects[0])
			})
		}
	}
}

func (c singleCase) check(t *testing.T, snap *snapshot.Snapshot, s Subject) {
	if s.Verdict.Status != c.Status {
		t.Errorf("it is %s (%s: %s), want %s", s.Verdict.Status, s.Verdict.Reason, s.Verdict.Message, c.Status)
	}
	if since := s.Verdict.Since.UTC().Format(time.RFC3339); c.Since == "never" && !s.Verdict.Since.IsZero() || c.Since != "never" && c.Since != "" && since != c.Since {
		t.Errorf("it is so since %s, want %s", since, c.Since)
	}
	for _, cause := range s.Causes {
		for _, e := range cause.Evidence {
			if why := misquoted(snap, e); why != "" {
				t.Errorf("%s quotes %s %s = %q, but %s", cause.Code, e.Ref, e.Field, e.Value, why)
			}
		}
	}
	if c.Code == "" {
		for _, cause := range s.Causes {
			t.Errorf("said besides: %s %s: %s", cause.Code, cause.Reason, cause.Message)
		}
		if !strings.Contains(s.Verdict.Message, c.Says) {
			t.Errorf("the verdict says %q, want %q", s.Verdict.Message, c.Says)
		}
		return
	}
	if len(s.Causes) == 0 {
		t.Fatalf("no cause is told, want %s", c.Says)
	}
	first := s.Causes[0]
	compareMessages(t, []finding.Finding{first.Finding})
	if !slices.Contains(strings.Split(c.Code, "|"), string(first.Code)) || first.Severity != c.Severity || !strings.Contains(first.Message, c.Says) {
		t.Errorf("it says %s %s: %s\nwant %s %s: %s", first.Code, first.Severity, first.Message, c.Code, c.Severity, c.Says)
	}
	if c.Reason != "" && first.Reason != c.Reason {
		t.Errorf("its reason is %s, want %s", first.Reason, c.Reason)
	}
	if len(first.Fixes) == 0 || strings.HasSuffix(first.Message, ".") || strings.Contains(first.Message, "\n") {
		t.Errorf("%s lacks a fix, or its message is no plain sentence: %q", first.Code, first.Message)
	}
	if s.Verdict.Status != health.Ready && s.Verdict.Message == "" {
		t.Error("the verdict says nothing")
	}
	if last := first.Path[len(first.Path)-1]; last.Ref.Same(s.Ref) && last.Status != s.Verdict.Status {
		t.Errorf("its path ends in %s, its verdict is %s", last.Status, s.Verdict.Status)
	}
	var fixes []string
	for _, f := range first.Fixes {
		fixes = append(fixes, f.Text+" | "+f.Command)
	}
	if advice := strings.Join(fixes, "\n"); !strings.Contains(advice, c.Fix) || c.NoFix != "" && strings.Contains(advice, c.NoFix) {
		t.Errorf("its fixes are:\n%s\nwant %q, and not %q", advice, c.Fix, c.NoFix)
	}
	var proof []string
	for _, e := range first.Evidence {
		proof = append(proof, e.Field+" = "+e.Value)
	}
	among(t, "evidence", proof, c.Proof)
}

// misquoted returns what is wrong with a piece of evidence: its field in the object must have
// its value, a condition as "Status Reason: message".
func misquoted(snap *snapshot.Snapshot, e finding.Evidence) string {
	obj := snap.Lookup(e.Ref).Object
	if obj == nil {
		if e.Field == "object" && e.Value == "does not exist" && snap.Lookup(e.Ref).Presence == snapshot.Absent {
			return ""
		}
		return "there is no such object"
	}
	if strings.HasPrefix(e.Field, "event ") || e.Field == "pods" || e.Field == "status" || e.Value == "none" {
		return "" // not a field of the object
	}
	value, ok := object.Read(obj.Object, e.Field)
	if !ok {
		return "there is no such field"
	}
	if c, isMap := value.(map[string]any); isMap {
		words := strings.TrimSuffix(object.Text(c, "reason")+": "+strings.TrimSpace(object.Text(c, "message")), ": ")
		if e.Value == words || e.Value == strings.TrimSpace(object.Text(c, "message")) || e.Value == strings.TrimSuffix(strings.TrimSpace(object.Text(c, "status")+" "+words), ":") {
			return ""
		}
	}
	if text, _ := object.Quote(obj.Object, e.Field); text != e.Value {
		return "it is " + text
	}
	return ""
}

// TestOtherKindsInProgress has an object without an explainer that may still become ready: it
// is not a cause unless an object above it has failed because of it.
func TestOtherKindsInProgress(t *testing.T) {
	bucket := newObject("s3.aws.upbound.io/v1beta1", "Bucket", "", "images", nil)
	bucket["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "False", "reason": "Creating"}}}
	snap := singleCase{Object: bucket}.snapshot(t)
	ref := object.RefOf(&unstructured.Unstructured{Object: bucket})
	for _, c := range []struct {
		failing bool
		want    []finding.Severity
	}{{false, nil}, {true, []finding.Severity{finding.Critical}}} {
		var got []finding.Severity
		for _, cause := range engine.NewWalk(newContext(snap, nil)).From(ref, c.failing).Causes {
			got = append(got, cause.Severity)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("failing %t: severities %q, want %q", c.failing, got, c.want)
		}
	}
}

// FuzzSingleObjects inserts odd values into the objects of the cases: there must be an
// explanation, without a panic, and the same one twice.
func FuzzSingleObjects(f *testing.F) {
	files := readSingles(f)
	for name, cases := range files {
		for i := range cases {
			f.Add(name, i, uint64(3))
		}
	}
	f.Fuzz(func(t *testing.T, name string, i int, seed uint64) {
		cases := files[name]
		if i < 0 || i >= len(cases) {
			return
		}
		random := rand.New(rand.NewPCG(seed, 1))
		obj := decoded(t, cases[i].Object)
		for key := range obj {
			if key != "apiVersion" && key != "kind" && key != "metadata" {
				obj[key] = disturb(random, obj[key])
			}
		}
		c := singleCase{Name: name, At: cases[i].At, Object: obj}
		ref := object.RefOf(&unstructured.Unstructured{Object: obj})
		var answers []string
		for range 2 {
			answers = append(answers, print(t, Object(c.snapshot(t), nil, ref)))
		}
		if answers[0] != answers[1] {
			t.Errorf("differs:\n%s\n%s", answers[0], answers[1])
		}
	})
}

// TestOwnStateOfDeletedObject checks that the explanation of an object that is being deleted
// names the finalizers that it waits for, and what prevents the deletion.
func TestOwnStateOfDeletedObject(t *testing.T) {
	bucket := newObject("s3.aws.upbound.io/v1beta1", "Bucket", "", "images", nil)
	bucket["metadata"] = map[string]any{"name": "images", "deletionTimestamp": "2026-03-01T10:00:00Z", "finalizers": []any{"finalizer.managedresource.crossplane.io"}}
	bucket["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Synced", "status": "False", "reason": "ReconcileError", "message": "delete failed: BucketNotEmpty"}}}
	obj := &unstructured.Unstructured{Object: bucket}
	for at, want := range map[string]finding.Severity{"2026-03-01T10:01:00Z": finding.Warning, "2026-03-01T11:00:00Z": finding.Critical} {
		t.Run(string(want), func(t *testing.T) {
			snap := singleCase{Object: bucket, At: at}.snapshot(t)
			own, _ := selfreport.AlsoReported(newContext(snap, nil), health.Verdict{}, obj)
			findings := own.Findings
			if len(findings) != 1 || findings[0].Code != engine.CodeBeingDeleted || findings[0].Severity != want {
				t.Errorf("got %+v, want one finding, %s", findings, want)
			}
			compareMessages(t, findings)
		})
	}
}
