// Command schemas writes the schemas that pkg/schema embeds: those of Kubernetes' own kinds,
// and the CustomResourceDefinitions of cert-manager, Istio and the Gateway API, without
// descriptions. It reads them in the Go modules of these projects. Run it in the repository:
// `make schemas`.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// files are the files to write, and what each of them holds.
var files = map[string]func(dirOf func(module) (string, error)) (*bundle, error){
	"pkg/schema/kubernetes.gz": builtInKinds,
	"pkg/schema/crds.gz":       customKinds,
}

// module is a Go module that carries schemas. The lab builds the same versions, and a test
// compares them.
type module struct{ path, version, name string }

var (
	kubernetes  = module{"k8s.io/kubernetes", "v1.36.3", "Kubernetes"}
	certManager = module{"github.com/cert-manager/cert-manager", "v1.21.2", "cert-manager"}
	istio       = module{"istio.io/api", "v1.31.4", "Istio"}
	gatewayAPI  = module{"sigs.k8s.io/gateway-api", "v1.6.0", "Gateway API (standard channel)"}
)

// bundle is the content of a file: a line of JSON with the kinds, and one line for each
// schema. pkg/schema reads it.
type bundle struct {
	header  header
	schemas map[string]any
}

type header struct {
	Sources []source `json:"sources"`
	Kinds   []kind   `json:"kinds"`
}

type source struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type kind struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Schema     string `json:"schema"`
	Source     int    `json:"source"`
	// Status says that the API server drops the status of an object that is created.
	Status bool `json:"status,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	for _, path := range slices.Sorted(maps.Keys(files)) {
		b, err := files[path](moduleDir)
		if err != nil {
			return fmt.Errorf("generate %s: %w", path, err)
		}
		data, err := b.encode()
		if err != nil {
			return fmt.Errorf("generate %s: %w", path, err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// moduleDir is the directory of a module's sources, downloaded if it is not in the cache.
func moduleDir(m module) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", m.path+"@"+m.version).Output()
	if err != nil {
		return "", fmt.Errorf("download %s %s: %w: %s", m.path, m.version, err, out)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(out, &downloaded); err != nil {
		return "", err
	}
	return filepath.Clean(downloaded.Dir), nil
}

// encode gives the same bytes for the same schemas.
func (b *bundle) encode() ([]byte, error) {
	slices.SortFunc(b.header.Kinds, func(x, y kind) int {
		return bytes.Compare([]byte(x.APIVersion+" "+x.Kind), []byte(y.APIVersion+" "+y.Kind))
	})
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	lines := json.NewEncoder(compressed)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(b.header); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(b.schemas)) {
		if _, err := fmt.Fprintf(compressed, "%s\t", name); err != nil {
			return nil, err
		}
		if err := lines.Encode(b.schemas[name]); err != nil {
			return nil, err
		}
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
