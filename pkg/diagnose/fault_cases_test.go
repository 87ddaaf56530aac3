package diagnose

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// oneOf is a word, or a list of accepted words.
type oneOf []string

func (o *oneOf) UnmarshalJSON(text []byte) error {
	var word string
	if json.Unmarshal(text, &word) == nil {
		*o = oneOf{word}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

func (o oneOf) has(word string) bool { return len(o) == 0 || slices.Contains(o, word) }

// expected is a case's expect.yaml.
type expected struct {
	Causes []struct {
		Kind, Name, Namespace, Reason oneOf
		Tenants                       []string
	}
	NeverBlame []struct{ Kind, Name, Namespace oneOf }
	// Unknown is what must be reported as unreadable.
	Unknown []struct{ Resource, Namespace string }
}

// faultCase is a recorded fault.
type faultCase struct {
	name string
	snap *snapshot.Snapshot
	want expected
}

// cases are read once: parsing takes longer than explaining.
var cases []faultCase

func faultCases(t testing.TB) []faultCase {
	t.Helper()
	if cases != nil {
		return cases
	}
	files, err := filepath.Glob("testdata/F*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		cases = append(cases, readCase(t, file))
	}
	return cases
}

func readCase(t testing.TB, path string) faultCase {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := faultCase{name: strings.TrimSuffix(filepath.Base(path), ".txtar")}
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	tarred := tar.NewWriter(zipped)
	for _, f := range txtar.Parse(text).Files {
		if f.Name == "expect.yaml" {
			if err := yaml.UnmarshalStrict(f.Data, &c.want); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			continue
		}
		if !strings.HasPrefix(f.Name, "objects/") && f.Name != "index.yaml" {
			continue
		}
		name, content := asSaved(t, f)
		header := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content))}
		if err := tarred.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := tarred.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if tarred.Close() != nil || zipped.Close() != nil {
		t.Fatal("packing a case failed")
	}
	if c.snap, err = file.Read(&packed); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return c
}

// asSaved converts a file of a case, which is YAML, to the form of a snapshot: one JSON object
// a line.
func asSaved(t testing.TB, f txtar.File) (name string, content []byte) {
	t.Helper()
	for doc := range bytes.SplitSeq(f.Data, []byte("\n---\n")) {
		line, err := yaml.YAMLToJSON(doc)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		content = append(append(content, line...), '\n')
	}
	if f.Name == "index.yaml" {
		return "index.json", content
	}
	return strings.TrimSuffix(f.Name, ".yaml") + ".jsonl", content
}

// TestFaults explains every recorded fault and scores the results: the right object and reason,
// and no other causes.
func TestFaults(t *testing.T) {
	var table strings.Builder
	objects, reasons, falseBlame, abstained, total := 0, 0, 0, 0, 0
	for _, c := range faultCases(t) {
		t.Run(c.name, func(t *testing.T) {
			tenants := tenant.Discover(c.snap)
			score := c.score(t, Tenants(c.snap, tenants, tenants))
			fmt.Fprintf(&table, "%-32s %s\n", c.name, score)
			total++
			objects += score.object
			reasons += score.reason
			falseBlame += score.falseBlame
			abstained += score.abstained
		})
	}
	t.Logf("%d cases: right object %d, right reason %d, false blame %d, abstentions %d\n%s",
		total, objects, reasons, falseBlame, abstained, &table)
}

// score is the score of one case; object and reason are 1 if all were right.
type score struct{ object, reason, falseBlame, abstained int }

func (s score) String() string {
	return fmt.Sprintf("object %d reason %d false blame %d abstained %d", s.object, s.reason, s.falseBlame, s.abstained)
}
