package build

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// checker follows the references of kustomization files before kustomize does, so that it never
// sees one that is not a file of the source: kustomize would download it.
type checker struct {
	source *Source
	// stack are the directories that are being followed.
	stack []string
	// files are the kustomization files, in the order in which they are reached.
	files    []string
	problems []Problem
	// changesSchemas: a kustomization has the field openapi.
	changesSchemas bool
	// origins are the resources and generators, in the order in which they are reached.
	origins []*origin
	// objects is how many objects the resources have, referrers how many of these have a pod. Sized
	// are their sizes, and those of what is generated and of what patches can add.
	objects, referrers int
	sized              []size
	// levels are the kustomizations that are being followed, fields the fields that the
	// configurations of others name.
	levels []level
	fields int
	// exceeded: the tree has too much work.
	exceeded bool
}

// full reports whether the build exceeds a limit, so that nothing more has to be followed.
func (c *checker) full() bool {
	return c.exceeded || len(c.files) > maxReferences || c.objects > maxObjects
}

// maxReferences limits the number of references of a build: a hostile tree can double them
// with each directory.
const maxReferences = 20_000

// remote matches what kustomize treats as a URL or a Git repository (NewRepoSpecFromURL in
// sigs.k8s.io/kustomize/api v0.21.1, internal/git/repospec.go): everything with a scheme, or
// a user, or GitHub's host.
var remote = regexp.MustCompile(`(?i)^[^/]*:|://|^git@|^[a-z0-9][a-z0-9-]*@|^github\.com/`)

// directory follows the kustomization of a directory. The content of its file is k, at a path.
// The setting is what the kustomizations that use it do to its resources.
func (c *checker) directory(dir, file string, k *types.Kustomization, outer setting) {
	c.files = append(c.files, file)
	if len(c.files) > maxReferences {
		c.add(tree.Position{File: file}, Unreadable, "the kustomization has more than %d references", maxReferences)
		return
	}
	start, length := tree.Position{File: file}, 0
	if text, err := c.source.Tree.ReadFile(file); err == nil {
		length = len(text)
	}
	if !c.spend(start, stepsDirectory+length/bytesRead) {
		return
	}
	c.stack = append(c.stack, dir)
	defer func() { c.stack = c.stack[:len(c.stack)-1] }()
	c.enter(k)
	defer c.leave(start, k)
	c.changesSchemas = c.changesSchemas || len(k.OpenAPI) > 0
	at := c.positions(file)
	inner := outer.in(file, k)
	for _, component := range k.Components { // it changes the resources of this kustomization
		if file := c.source.kustomizationFile(path.Join(dir, component)); file != "" {
			inner.files = append(inner.files, file)
		}
	}
	c.addGenerators(file, k, inner)
	if len(k.HelmCharts)+len(k.HelmChartInflationGenerator) > 0 || k.HelmGlobals != nil {
		c.add(at.find("helmCharts"), Unsupported, "Flux does not render the field helmCharts of a kustomization")
	}
	for _, r := range references(k) {
		if c.full() {
			return
		}
		c.spend(start, stepsReference)
		c.reference(dir, r, at, inner)
	}
	for _, text := range slices.Concat(k.Generators, k.Transformers, k.Validators) {
		if !isFile(text) {
			c.inlinePlugin(file, text)
		}
	}
	c.inlinePatches(file, k)
}

// inlinePatches checks the patches in a kustomization, including those of the Kustomization of
// Flux, against the limits of a document: kustomize expands their aliases. It does not report
// patches that are not YAML; kustomize does.
func (c *checker) inlinePatches(file string, k *types.Kustomization) {
	var texts []string
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) { //nolint:staticcheck // deprecated, and still used
		texts = append(texts, p.Patch)
	}
	for _, p := range k.PatchesStrategicMerge { //nolint:staticcheck // deprecated, and still used
		texts = append(texts, string(p))
	}
	for _, text := range texts {
		switch err := tree.CheckSize([]byte(text)); {
		case errors.Is(err, tree.ErrTooLarge):
			c.add(c.positions(file).text(text), Unreadable, "the patch is %v", err)
		case err != nil:
			c.add(c.positions(file).text(text), Malformed, "the patch is not valid: %v", err)
		}
	}
}

// A reference is a path in a kustomization, and how it is used.
type reference struct {
	path  string
	field string
	kind  referenceKind
}

type referenceKind int

const (
	// data is a file of any content.
	data referenceKind = iota
	// manifests is a YAML file.
	manifests
	// resource is a YAML file or a directory with a kustomization.
	resource
	// base is a directory with a kustomization.
	base
	// plugin is a YAML file with the configuration of a generator or transformer.
	plugin
)

// references are all paths in a kustomization.
func references(k *types.Kustomization) []reference {
	var all []reference
	add := func(kind referenceKind, field string, paths ...string) {
		for _, p := range paths {
			all = append(all, reference{p, field, kind})
		}
	}
	add(resource, "resources", k.Resources...)
	add(resource, "bases", k.Bases...) //nolint:staticcheck // deprecated, and still used
	add(base, "components", k.Components...)
	add(data, "crds", k.Crds...)
	add(data, "configurations", k.Configurations...)
	add(plugin, "generators", inFiles(k.Generators)...)
	add(plugin, "transformers", inFiles(k.Transformers)...)
	add(plugin, "validators", inFiles(k.Validators)...)
	if file := k.OpenAPI["path"]; file != "" {
		add(data, "openapi", file)
	}
	for _, p := range k.PatchesStrategicMerge { //nolint:staticcheck // deprecated, and still used
		add(manifests, "patchesStrategicMerge", inFiles([]string{string(p)})...)
	}
	for _, p := range append(slices.Clone(k.Patches), k.PatchesJson6902...) { //nolint:staticcheck // deprecated, and still used
		if p.Path != "" {
			add(manifests, "patches", p.Path)
		}
	}
	for _, r := range k.Replacements {
		if r.Path != "" {
			add(manifests, "replacements", r.Path)
		}
	}
	for _, g := range k.ConfigMapGenerator {
		add(data, "configMapGenerator", generatorFiles(g.KvPairSources)...)
	}
	for _, g := range k.SecretGenerator {
		add(data, "secretGenerator", generatorFiles(g.KvPairSources)...)
	}
	return all
}

// inFiles are the entries that name files: others are YAML, which has line breaks or braces.
func inFiles(entries []string) []string {
	return slices.DeleteFunc(slices.Clone(entries), func(e string) bool { return !isFile(e) })
}

func isFile(entry string) bool { return !strings.ContainsAny(entry, "\n{") }

// generatorFiles are the paths in the sources of a generator; "key=path" names a key.
func generatorFiles(sources types.KvPairSources) []string {
	var paths []string
	for _, f := range sources.FileSources {
		if _, file, named := strings.Cut(f, "="); named {
			f = file
		}
		paths = append(paths, f)
	}
	paths = append(paths, sources.EnvSources...)
	if sources.EnvSource != "" {
		paths = append(paths, sources.EnvSource)
	}
	return paths
}

func (c *checker) reference(dir string, r reference, at positions, s setting) {
	target := path.Join(dir, r.path)
	switch {
	case remote.MatchString(r.path):
		c.add(at.text(r.path), Remote, "%s is a remote reference, which was not downloaded", r.path)
	case path.IsAbs(r.path) || target == ".." || strings.HasPrefix(target, "../"):
		c.add(at.text(r.path), Outside, "%s is outside of the tree", r.path)
	case !c.source.exists(target):
		c.missing(at.text(r.path), r, target)
	case c.source.Tree.IsDir(target):
		c.isDirectory(at, r, target, s)
	case r.kind == base:
		c.add(at.text(r.path), Malformed, "%s is a file, but %s must name directories", r.path, r.field)
	default:
		c.file(at, r, target, s)
	}
}

// missing reports a reference that does not exist, or that the source ignores.
func (c *checker) missing(p tree.Position, r reference, target string) {
	if c.source.Ignored(target) {
		c.add(p, Missing, "%s exists, but the source ignores it", r.path)
		return
	}
	c.add(p, Missing, "%s does not exist", r.path)
}

func (c *checker) isDirectory(at positions, r reference, target string, s setting) {
	switch {
	case r.kind == data && r.field != "crds": // a generator reads all files of a directory
		for _, name := range c.source.Tree.Children(target) {
			if text, err := c.source.Tree.ReadFile(path.Join(target, name)); err == nil {
				c.read(tree.Position{File: at.file}, r, text)
			}
		}
		return
	case r.kind == data || r.kind == manifests:
		c.add(at.text(r.path), Malformed, "%s is a directory, but %s must name files", r.path, r.field)
		return
	case r.kind == plugin:
		c.add(at.text(r.path), Unsupported, "%s is a directory; %s of directories are not built", r.path, r.field)
		return
	case slices.Contains(c.stack, target):
		c.add(at.text(r.path), Cycle, "%s contains this kustomization itself", r.path)
		return
	}
	file := c.source.kustomizationFile(target)
	if file == "" {
		c.add(at.text(r.path), Missing, "%s has no kustomization.yaml", r.path)
		return
	}
	k, err := c.source.kustomization(file)
	var failed *Error
	if errors.As(err, &failed) {
		c.problems = append(c.problems, failed.Problems...)
		return
	}
	c.directory(target, file, k, s)
}

// file checks a file that kustomize parses.
func (c *checker) file(at positions, r reference, target string, s setting) {
	text, err := c.source.Tree.ReadFile(target)
	if err == nil {
		c.read(tree.Position{File: at.file}, r, text)
	}
	if c.exceeded {
		return // nothing more is parsed
	}
	if r.kind == data {
		if err != nil {
			c.add(at.text(r.path), Unreadable, "%v", err)
		}
		return
	}
	documents, err := c.source.Tree.Documents(target)
	if err != nil {
		reason := Malformed
		if errors.Is(err, tree.ErrTooLarge) || errors.Is(err, fs.ErrNotExist) {
			reason = Unreadable
		}
		c.add(errorPosition(target, err), reason, "%v", reasonOf(err))
		return
	}
	for _, d := range documents {
		switch {
		case r.kind == plugin:
			c.plugin(d, d.Start())
		case r.kind == resource && !c.full():
			c.addDocument(d, s)
		}
	}
}

// download matches a value that kustomize downloads if it is the name of a file: IsRemoteFile in
// sigs.k8s.io/kustomize/api v0.21.1, internal/loader/fileloader.go. A generator's file can have
// a key before it.
var download = regexp.MustCompile(`(?i)(^|=)\s*https?:`)

// inlinePlugin checks the configuration of a generator or transformer in a kustomization file.
func (c *checker) inlinePlugin(file, text string) {
	documents, err := tree.Parse(file, []byte(text))
	if err != nil {
		c.add(c.positions(file).text(text), Malformed, "the configuration of a generator or transformer is not YAML: %v", reasonOf(err))
	}
	for _, d := range documents {
		c.plugin(d, c.positions(file).text(text))
	}
}

// plugin rejects a URL in the configuration of a generator or transformer, whose fields can
// name files. The position is that of the configuration.
func (c *checker) plugin(d *tree.Document, at tree.Position) {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && download.MatchString(n.Value) {
			c.add(at, Remote, "%s may be a remote reference, which was not downloaded", n.Value)
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(d.Node)
}

func (c *checker) add(p tree.Position, reason Reason, format string, args ...any) {
	c.problems = append(c.problems, Problem{Position: p, Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// errorPosition is the line of a file in an error about it.
func errorPosition(file string, err error) tree.Position {
	var parse *tree.ParseError
	if errors.As(err, &parse) && parse.Line > 0 {
		return tree.Position{File: parse.File, Line: parse.Line, Column: 1}
	}
	return tree.Position{File: file}
}

// reasonOf is an error without the file and line.
func reasonOf(err error) error {
	var parse *tree.ParseError
	if errors.As(err, &parse) {
		return parse.Err
	}
	return err
}

// positions finds the lines of a kustomization file.
type positions struct {
	file string
	doc  *tree.Document
}

// positions has no lines if the file is generated, or not valid.
func (c *checker) positions(file string) positions {
	documents, err := c.source.Tree.Documents(file)
	if err != nil || len(documents) == 0 {
		return positions{file: file}
	}
	return positions{file, documents[0]}
}

// find is the position of a field, or of the kustomization if it is "".
func (p positions) find(field string) tree.Position {
	switch {
	case p.doc == nil:
		return tree.Position{File: p.file}
	case field == "":
		return p.doc.Start()
	}
	position, _, _ := p.doc.Find(field)
	return position
}

// text is the position of the first scalar that is or ends with a path.
func (p positions) text(value string) tree.Position {
	if p.doc == nil {
		return tree.Position{File: p.file}
	}
	var found *yaml.Node
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if found == nil && n.Kind == yaml.ScalarNode && (n.Value == value || strings.HasSuffix(n.Value, "="+value)) {
			found = n
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(p.doc.Node)
	if found == nil {
		return p.doc.Start()
	}
	return tree.Position{File: p.file, Line: found.Line, Column: found.Column}
}
