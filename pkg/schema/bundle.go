package schema

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the schemas
	"encoding/json"
	"fmt"
	"io"
	"sync"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The files are written by `make schemas` (internal/schemas), which says where each of the
// schemas comes from.
var (
	//go:embed kubernetes.gz
	kubernetesFile []byte
	//go:embed crds.gz
	crdsFile []byte

	builtIn = sync.OnceValue(func() *bundle { return mustReadBundle(kubernetesFile, true) })
	custom  = sync.OnceValue(func() *bundle { return mustReadBundle(crdsFile, false) })
)

// bundle has the schemas of one file. Schemas are decoded when they are first used.
type bundle struct {
	// goTypes says that the API server decodes objects into Go types, as it does with its
	// own kinds.
	goTypes  bool
	sources  []Source
	kinds    map[schema.GroupVersionKind]bundledKind
	versions map[schema.GroupKind][]string
	// encoded is the JSON of a schema, by its name.
	encoded map[string][]byte

	lock  sync.Mutex
	nodes map[string]*node
	roots map[schema.GroupVersionKind]*node
}

type bundledKind struct {
	APIVersion, Kind string
	Schema           string
	Source           int
	Status           bool
}

func mustReadBundle(file []byte, goTypes bool) *bundle {
	b, err := readBundle(file, goTypes)
	if err != nil {
		panic(fmt.Sprintf("embedded schemas: %v", err))
	}
	return b
}

// readBundle reads a line of JSON with the kinds, and a line for each schema: its name, a
// tab, JSON.
func readBundle(file []byte, goTypes bool) (*bundle, error) {
	compressed, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(compressed)
	if err != nil {
		return nil, err
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	var header struct {
		Sources []Source
		Kinds   []bundledKind
	}
	if err := json.Unmarshal(first, &header); err != nil {
		return nil, err
	}
	b := &bundle{
		goTypes: goTypes, sources: header.Sources,
		kinds: map[schema.GroupVersionKind]bundledKind{}, versions: map[schema.GroupKind][]string{}, encoded: map[string][]byte{},
		nodes: map[string]*node{}, roots: map[schema.GroupVersionKind]*node{},
	}
	for _, k := range header.Kinds {
		kind := schema.FromAPIVersionAndKind(k.APIVersion, k.Kind)
		b.kinds[kind] = k
		b.versions[kind.GroupKind()] = append(b.versions[kind.GroupKind()], kind.Version)
		b.sources[k.Source].Kinds = append(b.sources[k.Source].Kinds, kind)
	}
	for line := range bytes.Lines(rest) {
		name, text, _ := bytes.Cut(line, []byte("\t"))
		b.encoded[string(name)] = text
	}
	return b, nil
}

// lookup is the schema of a kind, nil if there is none.
func (b *bundle) lookup(kind schema.GroupVersionKind) *node {
	k, ok := b.kinds[kind]
	if !ok {
		return nil
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	if n := b.roots[kind]; n != nil {
		return n
	}
	n, err := b.definition(k.Schema)
	if err != nil {
		panic(fmt.Sprintf("embedded schema of %s: %v", kind, err)) // a test decodes all of them
	}
	if !b.goTypes {
		n = rootOf(n, k.Status)
	}
	b.roots[kind] = n
	return n
}

// definition decodes a schema and those that it references. The caller holds the lock.
func (b *bundle) definition(name string) (*node, error) {
	if n := b.nodes[name]; n != nil {
		return n, nil
	}
	text, ok := b.encoded[name]
	if !ok {
		return nil, fmt.Errorf("there is no schema %s", name)
	}
	var props apiextensions.JSONSchemaProps
	if err := json.Unmarshal(text, &props); err != nil {
		return nil, err
	}
	n := &node{}
	b.nodes[name] = n // before it is compiled: schemas of schemas are recursive
	c := compiler{goTypes: b.goTypes, nodes: maxNodes, instructions: maxInstructions}
	if b.goTypes {
		c.definition = b.definition
	}
	return n, c.fill(n, &props, 0)
}

// objectMeta is the schema of metadata, the same for all kinds.
func objectMeta() *node {
	b := builtIn()
	b.lock.Lock()
	defer b.lock.Unlock()
	n, err := b.definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
	if err != nil {
		panic(fmt.Sprintf("embedded schema of metadata: %v", err))
	}
	return n
}
