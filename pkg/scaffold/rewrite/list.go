package rewrite

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// lists are the fields of a kustomization whose entries name files and directories that only one
// tenant uses.
var lists = []string{"resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators", "patchesStrategicMerge"}

// entry is a line of a list in a kustomization file.
type entry struct {
	// line is its line, from 1.
	line   int
	target string
}

// entriesOf finds the lines of a kustomization file that name some targets, by list.
func entriesOf(t *tree.Tree, file string, targets []string) ([][]entry, error) {
	documents, err := t.Documents(file)
	if err != nil || len(documents) == 0 {
		return nil, fmt.Errorf("change %s: it is not a kustomization", file)
	}
	var found [][]entry
	missing := slices.Clone(targets)
	for _, field := range lists {
		list, _, ok := tree.Find(documents[0].Node, field)
		if !ok || list.Kind != yaml.SequenceNode {
			continue
		}
		var entries []entry
		for _, n := range list.Content {
			target := path.Join(path.Dir(file), n.Value)
			if n.Kind != yaml.ScalarNode || !slices.Contains(targets, target) {
				continue
			}
			if list.Style&yaml.FlowStyle != 0 {
				return nil, advice.Add(fmt.Errorf("change %s: the entries of %s are in one line", file, field), "Write each entry in a line of its own, after '- '.")
			}
			entries = append(entries, entry{n.Line, target})
			missing = slices.DeleteFunc(missing, func(m string) bool { return m == target })
		}
		if len(entries) > 0 {
			found = append(found, entries)
		}
	}
	if len(missing) > 0 {
		return nil, advice.Add(fmt.Errorf("change %s: it uses %s, but not in a list of resources", file, missing[0]), "Move what only one tenant uses to the tenant's own directory.")
	}
	return found, nil
}

// AddEntries adds to a kustomization file, after the last entry of each list that names one of
// some targets, a copy of each of these entries with names replaced.
func AddEntries(t *tree.Tree, file string, targets []string, words *compare.Words) (before, after []byte, err error) {
	found, err := entriesOf(t, file, targets)
	if err != nil {
		return nil, nil, err
	}
	before, err = t.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	lines := bytes.SplitAfter(before, []byte("\n"))
	slices.SortFunc(found, func(a, b []entry) int { return b[0].line - a[0].line }) // from the end
	for _, entries := range found {
		var added [][]byte
		for _, e := range entries {
			added = append(added, []byte(words.Apply(string(lines[e.line-1]))))
		}
		lines = insertLines(lines, entries[len(entries)-1].line, added)
	}
	after = bytes.Join(lines, nil)
	_, err = tree.Parse(file, after)
	return before, after, err
}

// insertLines inserts lines after a line. If that is the last one and has no line break, the new
// last line has none.
func insertLines(lines [][]byte, after int, added [][]byte) [][]byte {
	if last := lines[after-1]; !bytes.HasSuffix(last, []byte("\n")) {
		lines[after-1] = append(slices.Clone(last), '\n')
		for i := range added {
			added[i] = append(bytes.TrimSuffix(slices.Clone(added[i]), []byte("\n")), '\n')
		}
		added[len(added)-1] = bytes.TrimSuffix(added[len(added)-1], []byte("\n"))
	}
	return slices.Insert(lines, after, added...)
}

// RemoveEntries removes from a kustomization file the entries that name some targets.
func RemoveEntries(t *tree.Tree, file string, targets []string) (before, after []byte, err error) {
	found, err := entriesOf(t, file, targets)
	if err != nil {
		return nil, nil, err
	}
	before, err = t.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	var removed []int
	for _, entries := range found {
		for _, e := range entries {
			removed = append(removed, e.line)
		}
	}
	return before, removeLines(before, removed), nil
}

// removeLines removes lines. A text without a line break at its end has none afterwards.
func removeLines(text []byte, removed []int) []byte {
	var kept [][]byte
	for i, line := range bytes.SplitAfter(text, []byte("\n")) {
		if !slices.Contains(removed, i+1) {
			kept = append(kept, line)
		}
	}
	result := bytes.Join(kept, nil)
	if !bytes.HasSuffix(text, []byte("\n")) {
		result = []byte(strings.TrimRight(string(result), "\r\n"))
	}
	return result
}
