package artifact

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// merge merges a file into one of the artifact, as Helm merges values.
func (s *staging) merge(earlier tree.Arranged, from, to string) error {
	base := earlier.Text
	if base == nil {
		var err error
		if base, err = s.tree.ReadFile(earlier.File); err != nil {
			return err
		}
	}
	more, err := s.tree.ReadFile(from)
	if err != nil {
		return err
	}
	if s.merged += len(base) + len(more); s.merged > maxMerged {
		return fail(tree.ErrTooLarge, "files of more than %d MiB are merged", maxMerged>>20)
	}
	baseValues, err := values(base)
	if err != nil {
		return fail(ErrInvalid, "%s can't be merged: %v", earlier.File, err)
	}
	moreValues, err := values(more)
	if err != nil {
		return fail(ErrInvalid, "%s can't be merged: %v", from, err)
	}
	text, err := yaml.Marshal(mergeMaps(baseValues, moreValues))
	if err != nil {
		return fail(ErrInvalid, "%s can't be merged: %v", from, err)
	}
	s.files[to] = tree.Arranged{File: from, Text: text}
	return nil
}

// values are all documents of a YAML text, merged.
func values(text []byte) (map[string]any, error) {
	if err := tree.CheckSize(text); err != nil {
		return nil, err
	}
	all := map[string]any{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		raw, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		document := map[string]any{}
		if err := yaml.Unmarshal(raw, &document); err != nil {
			return nil, err
		}
		all = mergeMaps(all, document)
	}
}

// mergeMaps replaces the values of a map with those of another, and merges maps in them.
func mergeMaps(base, overlay map[string]any) map[string]any {
	merged := maps.Clone(base)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range overlay {
		below, isMap := value.(map[string]any)
		baseBelow, both := merged[key].(map[string]any)
		if isMap && both {
			merged[key] = mergeMaps(baseBelow, below)
			continue
		}
		merged[key] = value
	}
	return merged
}
