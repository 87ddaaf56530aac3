package lint

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// TestPlantedDefects plants the defect of each rule in a repository without findings, and checks
// what all rules together find: the defect, once for each object that has it. Only two defects
// imply another. They are in defects.txtar: an entry for each rule, with edits of files and the
// expected findings.
func TestPlantedDefects(t *testing.T) {
	clean := archiveIn(t, "planted/clean.txtar")
	if found := check(t, treeOf(clean, ""), Config{Charts: charts}).Findings; len(found) > 0 {
		t.Fatalf("the repository without defects has findings:\n%v", found)
	}
	name := filepath.Join("testdata", "planted", "defects.txtar")
	defects := archiveIn(t, "planted/defects.txtar")
	planted := map[string]bool{}
	for i, f := range defects.Files {
		t.Run(f.Name, func(t *testing.T) {
			planted[f.Name] = true
			edits, want, _ := strings.Cut(string(f.Data), "want\n")
			var got strings.Builder
			for _, found := range check(t, plant(t, clean, edits), Config{Charts: charts, Options: rule.Options{Kubernetes: "1.36", Flux: "2.7"}}).Findings {
				fmt.Fprintf(&got, "%s %s\n", found.At, found.Rule)
			}
			if !strings.Contains(got.String(), " "+f.Name+"\n") {
				t.Errorf("the defect is not found:\n%s", got.String())
			}
			if *update {
				defects.Files[i].Data = []byte(edits + "want\n" + got.String())
			} else if got.String() != want {
				t.Errorf("found\n%s\nwant\n%s", got.String(), want)
			}
		})
	}
	for _, r := range Rules() {
		if !planted[r.Name] {
			t.Errorf("%s has no defect in %s", r.Name, name)
		}
	}
	if *update {
		writeArchive(t, name, defects)
	}
}

// plant edits files of a tree. An edit is a line "edit FILE", the lines that are replaced, with
// the prefix "-", and the lines that replace them, with the prefix "+". Without lines to replace,
// lines are added to the end of the file, or to a new file.
func plant(t *testing.T, clean *txtar.Archive, edits string) *tree.Tree {
	t.Helper()
	files := map[string][]byte{}
	for _, f := range clean.Files {
		files[f.Name] = f.Data
	}
	for edit := range strings.SplitSeq(strings.TrimPrefix(edits, "edit "), "\nedit ") {
		file, lines, _ := strings.Cut(edit, "\n")
		text := files[file]
		var before, after strings.Builder
		for line := range strings.Lines(strings.TrimSuffix(lines, "\n") + "\n") {
			switch line[0] {
			case '-':
				before.WriteString(line[1:])
			case '+':
				after.WriteString(line[1:])
			default:
				t.Fatalf("the line %q of the edit of %s begins with neither - nor +", line, file)
			}
		}
		if n := strings.Count("\n"+string(text), "\n"+before.String()); before.Len() > 0 && n != 1 {
			t.Fatalf("%s has these lines %d times:\n%s", file, n, before.String())
		}
		if before.Len() == 0 {
			files[file] = append(slices.Clone(text), after.String()...)
			continue
		}
		files[file] = []byte(strings.Replace("\n"+string(text), "\n"+before.String(), "\n"+after.String(), 1)[1:])
	}
	return tree.New(files)
}

func archiveIn(t *testing.T, name string) *txtar.Archive {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return archive
}
