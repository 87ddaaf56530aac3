package build

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// checker follows the references of kustomization files before kustomize does, so that it never
// sees one that is not a file of the build: kustomize would download it.
type checker struct {
	files *source.Files
	// downloaded are the targets of remote references, by file, text and kind.
	downloaded map[string]string
	// stack are the directories that are being followed.
	stack []string
	// remotes are the remote references that are being followed.
	remotes []string
	// visited is the number of kustomization files that were reached.
	visited int
	// used are those of the source, in the order in which they are reached.
	used     []string
	problems []Problem
	// changesSchemas: a kustomization has the field openapi.
	changesSchemas bool
	// origins are the resources and generators, in the order in which they are reached.
	origins []*origin.Origin
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
	return c.exceeded || c.visited > maxReferences || c.objects > maxObjects
}

// maxReferences limits the number of references of a build: a hostile tree can double them
// with each directory.
const maxReferences = 20_000

// directory follows the kustomization of a directory. The content of its file is k, at a path.
// The setting is what the kustomizations that use it do to its resources.
func (c *checker) directory(dir, file string, k *types.Kustomization, outer setting) {
	if c.visited++; c.visited > maxReferences {
		c.add(tree.Position{File: file}, Unreadable, "the kustomization has more than %d references", maxReferences)
		return
	}
	if c.files.MountOf(file) == nil {
		c.used = append(c.used, file)
	}
	start, length := tree.Position{File: file}, 0
	if text, err := c.files.Read(file); err == nil {
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
	downloaded := c.download(dir, file, k, at)
	inner := outer.in(file, k)
	for _, component := range k.Components { // it changes the resources of this kustomization
		if file := c.files.KustomizationFile(downloaded.target(dir, component)); file != "" {
			inner.files = append(inner.files, file)
		}
	}
	if longest := max(len(k.NamePrefix), len(k.NameSuffix), len(k.Namespace)); longest > validation.DNS1123SubdomainMaxLength {
		c.add(at.find(""), Malformed, "a prefix, suffix or namespace has %d characters; names have at most %d", longest, validation.DNS1123SubdomainMaxLength)
		return
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
		if !isRemote(r.path) { // otherwise it could not be downloaded, which is a problem already
			c.reference(dir, r, at, downloaded, inner)
		}
	}
	for _, text := range slices.Concat(k.Generators, k.Transformers, k.Validators) {
		if !isFile(text) {
			c.inlinePlugin(dir, file, text)
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
	// set replaces the path in the kustomization.
	set func(string)
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

// referenceList collects references.
type referenceList []reference

func (l *referenceList) add(kind referenceKind, field string, paths []string) {
	for i := range paths {
		l.one(kind, field, &paths[i])
	}
}

// files adds the entries that name files: others are YAML, which has line breaks or braces.
func (l *referenceList) files(kind referenceKind, field string, entries []string) {
	for i := range entries {
		if isFile(entries[i]) {
			l.one(kind, field, &entries[i])
		}
	}
}

func (l *referenceList) one(kind referenceKind, field string, value *string) {
	if *value != "" {
		*l = append(*l, reference{*value, field, kind, func(path string) { *value = path }})
	}
}

// generator adds the paths in the sources of a generator; "key=path" names a key.
func (l *referenceList) generator(field string, sources *types.KvPairSources) {
	for i, source := range sources.FileSources {
		key, file, named := strings.Cut(source, "=")
		if !named {
			key, file = path.Base(source), source
		}
		*l = append(*l, reference{file, field, data, func(path string) { sources.FileSources[i] = key + "=" + path }})
	}
	l.add(data, field, sources.EnvSources)
	l.one(data, field, &sources.EnvSource)
}

// references are all paths in a kustomization.
func references(k *types.Kustomization) []reference {
	var l referenceList
	l.add(resource, "resources", k.Resources)
	l.add(resource, "bases", k.Bases) //nolint:staticcheck // deprecated, and still used
	l.add(base, "components", k.Components)
	l.add(data, "crds", k.Crds)
	l.add(data, "configurations", k.Configurations)
	l.files(plugin, "generators", k.Generators)
	l.files(plugin, "transformers", k.Transformers)
	l.files(plugin, "validators", k.Validators)
	if file := k.OpenAPI["path"]; file != "" {
		l = append(l, reference{file, "openapi", data, func(path string) { k.OpenAPI["path"] = path }})
	}
	for i := range k.PatchesStrategicMerge { //nolint:staticcheck // deprecated, and still used
		if p := (*string)(&k.PatchesStrategicMerge[i]); isFile(*p) { //nolint:staticcheck // deprecated, and still used
			l.one(manifests, "patchesStrategicMerge", p)
		}
	}
	for i := range k.Patches {
		l.one(manifests, "patches", &k.Patches[i].Path)
	}
	for i := range k.PatchesJson6902 { //nolint:staticcheck // deprecated, and still used
		l.one(manifests, "patches", &k.PatchesJson6902[i].Path) //nolint:staticcheck // deprecated, and still used
	}
	for i := range k.Replacements {
		l.one(manifests, "replacements", &k.Replacements[i].Path)
	}
	for i := range k.ConfigMapGenerator {
		l.generator("configMapGenerator", &k.ConfigMapGenerator[i].KvPairSources)
	}
	for i := range k.SecretGenerator {
		l.generator("secretGenerator", &k.SecretGenerator[i].KvPairSources)
	}
	return l
}

// isFile reports whether an entry names a file. kustomize reads an entry that is not valid YAML as
// a path, and downloads it, whatever it contains.
func isFile(entry string) bool { return !strings.ContainsAny(entry, "\n{") || remote.IsRemote(entry) }

func (c *checker) reference(dir string, r reference, at positions, downloaded downloads, s setting) {
	u := use{reference: r, dir: dir, from: at, written: r.path}
	found, isDownload := downloaded[r.path]
	target := downloaded.target(dir, r.path)
	m := c.files.MountOf(dir)
	switch {
	case isDownload:
		outer := c.files.MountOf(target)
		u.at, u.path = &found.at, outer.Shown
		c.remotes = append(c.remotes, outer.Reference)
		defer func() { c.remotes = c.remotes[:len(c.remotes)-1] }()
	case m == nil && (path.IsAbs(r.path) || source.Leaves(".", target)):
		c.add(u.position(), Outside, "%s is outside of the %s", r.path, c.files.Source.Kind)
		return
	case m != nil && (path.IsAbs(r.path) || source.Leaves(m.Dir, target)):
		c.add(u.position(), Outside, "%s is outside of the repository", r.path)
		return
	}
	switch {
	case !c.files.Exists(target):
		c.missing(u, target)
	case m != nil && !isDownload && source.Leaves(dir, target) && r.kind != base && (r.kind != resource || !c.files.IsDir(target)):
		c.add(u.position(), Outside, outsideOfBase, u.path)
	case c.files.IsDir(target):
		c.isDirectory(u, target, s)
	case r.kind == base, isDownload && !c.files.MountOf(target).IsFile:
		c.add(u.position(), Malformed, "%s is a file, but %s must name directories", u.path, r.field)
	default:
		c.file(u, target, s)
	}
}

// use is a reference that is followed.
type use struct {
	reference
	// dir is the directory of the kustomization that has it.
	dir  string
	from positions
	// written is the path as the kustomization has it.
	written string
	// at is the position of a remote reference.
	at *tree.Position
}

// position is where the kustomization has the reference. It is found only for a problem, because
// that takes time.
func (u use) position() tree.Position {
	if u.at != nil {
		return *u.at
	}
	return u.from.text(u.written)
}

// outsideOfBase is the problem of a file for which kustomize applies RestrictionRootOnly.
const outsideOfBase = "%s is outside of the directory of its kustomization, which kustomize does not accept in a remote base"

// missing reports a reference that does not exist, or that the source ignores.
func (c *checker) missing(r use, target string) {
	p := r.position()
	m := c.files.MountOf(target)
	switch {
	case m == nil && c.files.Source.Ignored(target):
		c.add(p, Missing, "%s exists, but the source ignores it", r.path)
	case m != nil && m.InSubmodule(target):
		c.add(p, Remote, "%s is in a submodule of %s, which was not downloaded", m.Inner(target), m.Shown)
	case m != nil && c.files.MountOf(p.File) == nil: // the directory in the reference itself
		c.add(p, Missing, "%s does not exist in the repository of %s", m.Inner(target), m.Shown)
	default:
		c.add(p, Missing, "%s does not exist", r.path)
	}
}

func (c *checker) isDirectory(r use, target string, s setting) {
	switch {
	case r.kind == data && r.field != "crds": // a generator reads all files of a directory
		for _, name := range c.files.Children(target) {
			if text, err := c.files.Read(path.Join(target, name)); err == nil {
				c.read(r, text)
			}
		}
		return
	case r.kind == data || r.kind == manifests:
		c.add(r.position(), Malformed, "%s is a directory, but %s must name files", r.path, r.field)
		return
	case r.kind == plugin:
		c.add(r.position(), Unsupported, "%s is a directory; %s of directories are not built", r.path, r.field)
		return
	case slices.Contains(c.stack, target):
		c.add(r.position(), Cycle, "%s contains this kustomization itself", r.path)
		return
	}
	file := c.files.KustomizationFile(target)
	if file == "" {
		c.add(r.position(), Missing, "%s has no kustomization.yaml", r.path)
		return
	}
	k, err := parseOnce(c.files, file)
	var failed *Error
	if errors.As(err, &failed) {
		for _, p := range failed.Problems {
			c.add(p.Position, p.Reason, "%s", p.Message)
		}
		return
	}
	c.directory(target, file, k, s)
}

// file checks a file that kustomize parses.
func (c *checker) file(r use, target string, s setting) {
	text, err := c.files.Read(target)
	if err == nil {
		c.read(r, text)
	}
	if c.exceeded {
		return // nothing more is parsed
	}
	if r.kind == data {
		if err != nil {
			c.add(r.position(), Unreadable, "%v", err)
		}
		return
	}
	documents, err := c.files.Documents(target)
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
			c.plugin(r.dir, d, d.Start().In(target))
		case r.kind == resource && !c.full():
			c.addDocument(target, d, s)
		}
	}
}

// download matches a value that kustomize downloads if it is the name of a file: IsRemoteFile in
// sigs.k8s.io/kustomize/api v0.21.1, internal/loader/fileloader.go. A generator's file can have
// a key before it.
var download = regexp.MustCompile(`(?i)(^|=)\s*https?:`)

// inlinePlugin checks the configuration of a generator or transformer in a kustomization file.
func (c *checker) inlinePlugin(dir, file, text string) {
	documents, err := tree.Parse(file, []byte(text))
	if err != nil {
		c.add(c.positions(file).text(text), Malformed, "the configuration of a generator or transformer is not YAML: %v", reasonOf(err))
	}
	for _, d := range documents {
		c.plugin(dir, d, c.positions(file).text(text))
	}
}

// plugin rejects a URL in the configuration of a generator or transformer, whose fields can
// name files, and in a remote base a path that leaves its directory. The position is that of the
// configuration.
func (c *checker) plugin(dir string, d *tree.Document, at tree.Position) {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		switch {
		case n.Kind != yaml.ScalarNode:
		case download.MatchString(n.Value):
			c.add(at, Remote, "%s may be a remote reference, which was not downloaded", mask.Mask(n.Value))
		case c.files.MountOf(dir) != nil && c.escapes(dir, n.Value):
			c.add(at, Outside, outsideOfBase, n.Value)
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(d.Node)
}

// escapes reports whether a path that kustomize reads from a directory of a mount leaves the
// directory. One that begins with a slash may be no path, unless a file has it.
func (c *checker) escapes(dir, value string) bool {
	if _, file, named := strings.Cut(value, "="); named && c.escapes(dir, file) {
		return true
	}
	if path.IsAbs(value) {
		name := c.files.Name(value)
		return c.files.Exists(name) && source.Leaves(dir, name)
	}
	return slices.Contains(strings.Split(value, "/"), "..") && source.Leaves(dir, path.Join(dir, value))
}

// add adds a problem. One in a downloaded file is at the reference to it.
func (c *checker) add(p tree.Position, reason Reason, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if m := c.files.MountOf(p.File); m != nil {
		message = fmt.Sprintf("the remote reference %s can't be built: %s: %s", m.Shown, p.In(m.Inner(p.File)), message)
		p = m.At
		if reason == Missing { // the reference itself exists
			reason = Malformed
		}
	} else {
		p = c.files.Position(p)
	}
	c.problems = append(c.problems, Problem{Position: p, Reason: reason, Message: message})
}

// errorPosition is the line of a file in an error about it.
func errorPosition(file string, err error) tree.Position {
	var parse *tree.ParseError
	if errors.As(err, &parse) && parse.Line > 0 {
		return tree.Position{File: file, Line: parse.Line, Column: 1}
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
	documents, err := c.files.Documents(file)
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
		return p.doc.Start().In(p.file)
	}
	position, _, _ := p.doc.Find(field)
	return position.In(p.file)
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
		return p.doc.Start().In(p.file)
	}
	return tree.Position{File: p.file, Line: found.Line, Column: found.Column}
}
