package hosts

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "update the golden parts of testdata")

// entry is an Entry from "tenant address name name".
func entry(text string) Entry {
	fields := strings.Fields(text)
	return Entry{fields[0], netip.MustParseAddr(fields[1]), fields[2:]}
}

func parsed(t testing.TB, data string) *File {
	t.Helper()
	file, err := Parse([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func merged(t testing.TB, data, id string, entries ...string) (string, Report) {
	t.Helper()
	var all []Entry
	for _, text := range entries {
		all = append(all, entry(text))
	}
	out, report, err := parsed(t, data).Merge(id, all)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), report
}

// TestMergeCases runs the cases in testdata: a file, the requested change, and the result. A
// request is "merge|replace|remove id", then the entries or tenants.
func TestMergeCases(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			section := map[string]string{}
			for _, file := range archive.Files {
				section[file.Name] = string(file.Data)
			}
			out, report := ask(t, parsed(t, section["before"]), section["ask"])
			got := map[string]string{"after": out, "report": formatReport(report)}
			for i, file := range archive.Files {
				want, ok := got[file.Name]
				if ok && want != string(file.Data) {
					t.Errorf("%s is\n%s", file.Name, Diff(file.Name, file.Data, []byte(want)))
					archive.Files[i].Data = []byte(want)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func ask(t *testing.T, file *File, text string) (string, Report) {
	t.Helper()
	head, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	verb, id, _ := strings.Cut(head, " ")
	if verb == "remove" {
		out, report := file.Remove(id, strings.Fields(rest)...)
		return string(out), report
	}
	var entries []Entry
	for line := range strings.Lines(rest) {
		entries = append(entries, entry(line))
	}
	do := map[string]func(string, []Entry) ([]byte, Report, error){"merge": file.Merge, "replace": file.Replace}[verb]
	out, report, err := do(id, entries)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), report
}
