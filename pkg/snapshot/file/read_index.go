package file

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// readIndex reads the index and determines which file has which kind.
func readIndex(r io.Reader) (*index, layout, error) {
	text, err := io.ReadAll(&decode.LimitedReader{From: r, Left: decode.MaxIndex,
		Over: decode.TooLarge("%s is larger than %d MiB", indexName, decode.MaxIndex>>20)})
	if err != nil {
		return nil, nil, err
	}
	var found index
	// The format is checked first: the rest of another version may differ.
	var is struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal(text, &is); err != nil {
		return nil, nil, decode.Damaged(err, "%s can't be read", indexName)
	}
	if err := checkVersion(is.APIVersion, is.Kind); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, nil, decode.Damaged(err, "%s can't be read", indexName)
	}
	paths, err := newLayout(found.Requested)
	if err != nil {
		return nil, nil, decode.Damaged(err, "%s", indexName)
	}
	return &found, paths, nil
}

func checkVersion(version, kind string) error {
	if group, _, _ := strings.Cut(version, "/"); group != apiGroup || kind != indexKind {
		return &decode.ReadError{Reason: decode.ErrNotASnapshot,
			Found: fmt.Sprintf("%s says it is %q of %q", indexName, kind, version)}
	}
	if version != apiVersion {
		return &decode.ReadError{Reason: decode.ErrNewer,
			Found: fmt.Sprintf("it is %q, this one reads %q", version, apiVersion)}
	}
	return nil
}
