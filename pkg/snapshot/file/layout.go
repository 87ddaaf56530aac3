package file

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// The file is a gzipped tar. Its first file is the index; then comes one file for each kind,
// objects/GROUP/RESOURCE.jsonl, with the objects as JSON Lines (jsonlines.org): one per line.
const (
	indexName  = "index.json"
	oldIndex   = "index.yaml"
	objectsEnd = ".jsonl"
	objectsDir = "objects"
	coreGroup  = "core"
	apiGroup   = "orthweb.digihunch.com"
	apiVersion = apiGroup + "/v1alpha1"
	indexKind  = "Snapshot"
)

// index is the content of index.json: what was requested and refused, and the server.
type index struct {
	APIVersion string             `json:"apiVersion"`
	Kind       string             `json:"kind"`
	At         time.Time          `json:"at"`
	Server     string             `json:"server,omitempty"`
	Plugin     string             `json:"plugin,omitempty"`
	Requested  []snapshot.Request `json:"asked"`
	// Files are the files of objects, nil in a snapshot of an earlier version.
	Files []savedFile `json:"files,omitempty"`
	// Complete is set if objects that are not in the snapshot do not exist.
	Complete bool `json:"complete,omitempty"`
}

// savedFile describes a file: if it is missing or changed, its objects would look as if
// they did not exist.
type savedFile struct {
	Path    string `json:"path"`
	Objects int    `json:"objects"`
	// SHA256 is the digest of the content, in hexadecimal.
	SHA256 string `json:"sha256"`
}

// pathPart matches a part of a path in the tar: a name that the API allows, so never "..".
var pathPart = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

// objectsPath is the path of the objects of the kind, unless another kind has it.
func objectsPath(requested snapshot.Request) (string, error) {
	group, resource := requested.Group, requested.Resource
	if group == "" {
		group = coreGroup
	}
	if resource == "" {
		resource = strings.ToLower(requested.Kind)
	}
	for _, part := range []string{group, resource} {
		if !pathPart.MatchString(part) || strings.Contains(part, "..") {
			return "", fmt.Errorf("kind %s: %q can't be the name of a file", requested.GroupKind(), part)
		}
	}
	return objectsDir + "/" + group + "/" + resource + objectsEnd, nil
}

// layout maps files to kinds.
type layout map[string]schema.GroupKind

// newLayout selects a file for every requested kind. A kind that was requested in several
// namespaces is in one file, the first's. If another kind is in that file, as for two kinds
// whose names differ in case, a number is added.
func newLayout(requested []snapshot.Request) (layout, error) {
	paths, placed := layout{}, map[schema.GroupKind]bool{}
	for _, a := range requested {
		gk := a.GroupKind()
		if placed[gk] {
			continue
		}
		path, err := objectsPath(a)
		if err != nil {
			return nil, err
		}
		free := path
		for n := 2; ; n++ {
			if _, taken := paths[free]; !taken {
				break
			}
			free = fmt.Sprintf("%s.%d%s", strings.TrimSuffix(path, objectsEnd), n, objectsEnd)
		}
		paths[free], placed[gk] = gk, true
	}
	return paths, nil
}
