package scaffold

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/rewrite"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// CreateOptions are the properties of a new tenant.
type CreateOptions struct {
	Name string
	// Model is the name of the tenant that is copied; "" for the first one.
	Model string
	// Entry is the entry of the model's cluster, if several have a tenant of its name.
	Entry string
	// Domain replaces the model's domain. It is required if the model has one.
	Domain string
	// Addresses replace the model's addresses of load balancers, in the order of Addresses of
	// Tenant.
	Addresses []string
}

// Created is a new tenant.
type Created struct {
	Model, Tenant *Tenant
	// Changes are all files, by path.
	Changes []Change
	// Secrets are those of the new tenant that exist already.
	Secrets []Secret
	// Kept are the places in the new files where the model's name stays: in the names of images
	// and charts, and in URLs.
	Kept []tree.Position
	// Mentions are the places in shared files that name the model, and may need the new tenant,
	// too.
	Mentions []tree.Position
	// Copied are the places in the new files of values whose keys name a secret.
	Copied []tree.Position
	// Defects are what lint finds in the new files, by file and line: the model's have the same.
	Defects []lint.Finding
}

// creation is a tenant that is being created.
type creation struct {
	repository *Repository
	model      *Tenant
	options    CreateOptions
	words      *compare.Words
	result     *Created
}

// Create copies the files of a tenant for a new one. The result has been built and checked: it
// does the same as the model's files except for names, hosts and addresses, and it changes
// nothing else. Missing Secrets are a *SecretsError.
func Create(ctx context.Context, t *tree.Tree, options CreateOptions) (*Created, error) {
	if err := CheckName(options.Name); err != nil {
		return nil, err
	}
	r, err := Find(ctx, t)
	if err != nil {
		return nil, err
	}
	c := &creation{repository: r, options: options, result: &Created{}}
	if err := c.findModel(); err != nil {
		return nil, err
	}
	c.words = c.newWords()
	c.result.Model = c.model
	for _, check := range []func() error{
		c.checkModel, c.checkExisting, c.checkOccurrence, c.checkDomain, c.checkLength, c.checkNames, c.checkHosts, c.checkAddresses, c.checkTitles,
		c.copyFiles, c.addToLists,
	} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	sorted(c.result.Changes)
	if err := c.verify(ctx); err != nil {
		return nil, err
	}
	c.result.Mentions = r.mentions(c.model)
	return c.result, nil
}

// findModel finds the model: the named tenant, or the first one.
func (c *creation) findModel() error {
	name := c.options.Model
	if names := c.repository.Names(); name == "" && len(names) > 0 {
		name = names[0]
	}
	model, err := c.repository.Named(name, c.options.Entry)
	c.model = model
	return err
}

// newWords are the names that are replaced. Names that contain the model's and belong to others
// stay.
func (c *creation) newWords() *compare.Words {
	w := &compare.Words{}
	w.Domain(c.model.Domain, c.options.Domain)
	for i, address := range c.ownAddresses() {
		if i < len(c.options.Addresses) {
			w.Address(address, c.options.Addresses[i])
		}
	}
	for _, name := range c.model.foreignNames() {
		w.Keep(name)
	}
	w.Keep(c.options.Name)
	w.Name(c.model.Name, c.options.Name)
	return w
}

// checkModel rejects a model that can't be copied.
func (c *creation) checkModel() error {
	m := c.model
	if len(m.Layers) == 0 {
		return advice.Add(fmt.Errorf("tenant %s has no layers of its own: a Kustomization that also serves others applies its objects", m.Name),
			"Specify another model with --from, or give each tenant a Kustomization of its own.")
	}
	for _, k := range m.Layers {
		switch {
		case k.OtherSource != "":
			return advice.Add(fmt.Errorf("the files of %s are in %s, not in this tree", k.Ref(), k.OtherSource), "Specify another model with --from.")
		case k.Err != nil:
			return advice.Add(fmt.Errorf("%s can't be built: %w", k.Ref(), k.Err), "Fix it, or specify another model with --from. See: kubectl orthweb lint")
		case !slices.Contains(m.Files, k.File()):
			return advice.Add(fmt.Errorf("%s defines more than the layers of %s, or does not have its name", k.Start(), m.Name),
				"Move %s to a file of its own, whose name contains %s.", k.Ref(), m.Name)
		}
	}
	return nil
}

// checkOccurrence rejects a name that the model's files have already, for another purpose.
func (c *creation) checkOccurrence() error {
	for _, file := range c.model.Files {
		text, err := c.repository.Tree.ReadFile(file)
		if err != nil {
			return err
		}
		if p, ok := positionOf(file, text, c.options.Name); ok {
			return advice.Add(fmt.Errorf("the name %q is in use: %s", c.options.Name, p), "Choose a name that the files of %s do not contain.", c.model.Name)
		}
	}
	return nil
}

// checkDomain rejects a domain that is missing or invalid.
func (c *creation) checkDomain() error {
	m, domain := c.model, c.options.Domain
	switch {
	case len(m.Hosts) == 0 && domain != "":
		return advice.Add(fmt.Errorf("--domain has no effect: the objects of %s have no hosts", m.Name), "Remove it.")
	case len(m.Hosts) == 0:
		return nil
	case m.Domain == "":
		return advice.Add(fmt.Errorf("the hosts of %s (%s) have no domain of their own", m.Name, escape.List(m.Hosts)), "Specify another model with --from.")
	case domain == "":
		return advice.Add(fmt.Errorf("a tenant like %s requires a domain", m.Name), "Specify it with --domain; that of %s is %s.", m.Name, m.Domain)
	}
	if err := CheckDomain(domain); err != nil {
		return err
	}
	for _, t := range c.repository.Tenants {
		if t.Domain == domain {
			return advice.Add(fmt.Errorf("the domain %s is that of tenant %s", domain, t.Name), "Specify another --domain.")
		}
	}
	return nil
}

// checkExisting rejects the name of a tenant that exists.
func (c *creation) checkExisting() error {
	name := c.options.Name
	if slices.ContainsFunc(c.repository.Tenants, func(t *Tenant) bool { return t.Name == name && t.Entry == c.model.Entry }) {
		return advice.Add(fmt.Errorf("tenant %q exists already", name), "Choose another name, or remove the tenant first: kubectl orthweb tenant remove %s", name)
	}
	return nil
}

// checkNames rejects names of namespaces, layers and other objects that exist.
func (c *creation) checkNames() error {
	for _, t := range c.repository.Tenants {
		for _, namespace := range c.model.Namespaces {
			if renamed := c.words.Apply(namespace); renamed == namespace || slices.Contains(t.Namespaces, renamed) && t.Entry == c.model.Entry {
				return advice.Add(fmt.Errorf("the namespace %s belongs to tenant %s", renamed, t.Name), "Choose another name, or a model whose namespaces have its name.")
			}
		}
	}
	return c.checkLayers()
}

// checkLayers rejects names of layers and of their objects that exist.
func (c *creation) checkLayers() error {
	for _, o := range c.model.cluster.Objects {
		for _, k := range c.model.Layers {
			renamed := k.Ref()
			renamed.Name = c.words.Apply(renamed.Name)
			if renamed.Name == k.GetName() || o.Ref().Same(renamed) {
				return advice.Add(fmt.Errorf("the layer %s exists already", renamed.Name), "Choose another name, or a model whose layers have its name.")
			}
		}
	}
	for _, o := range c.model.Objects() {
		renamed := o.Ref()
		renamed.Name, renamed.Namespace = c.words.Apply(renamed.Name), c.words.Apply(renamed.Namespace)
		if renamed.Same(o.Ref()) {
			p, _ := o.Locate("metadata.name")
			return advice.Add(fmt.Errorf("%s would exist twice: neither its name nor its namespace contains %s: %s", o.Ref(), c.model.Name, p),
				"Move it to a layer that all tenants share, or use the tenant's name in it.")
		}
		if existing := c.findObject(renamed.String(), o); existing != nil {
			return advice.Add(fmt.Errorf("%s exists already: %s", renamed, existing.Start()), "Choose another name.")
		}
	}
	return nil
}

// findObject finds an object of the model's cluster by its name, of the same kind as another.
func (c *creation) findObject(name string, like *cluster.Object) *cluster.Object {
	for _, o := range c.model.cluster.Objects {
		if o.Ref().GroupKind() == like.Ref().GroupKind() && o.Ref().String() == name {
			return o
		}
	}
	return nil
}

// ownAddresses are the model's addresses that are in its own files: those in shared files are
// not a tenant's.
func (c *creation) ownAddresses() []string {
	var found []string
	for _, address := range c.model.Addresses {
		w := &compare.Words{}
		w.Address(address, "")
		if slices.ContainsFunc(c.model.Files, func(file string) bool {
			text, err := c.repository.Tree.ReadFile(file)
			return err == nil && w.Has(string(text))
		}) {
			found = append(found, address)
		}
	}
	return found
}

// copyFiles copies the model's own files, except for Secrets, which must exist.
func (c *creation) copyFiles() error {
	t := c.repository.Tree
	secret, err := c.repository.generatorSecrets(c.model)
	if err != nil {
		return err
	}
	var missing []Secret
	for _, file := range c.model.Files {
		target := c.words.Apply(file)
		if secrets := secretsIn(t, file, secret[file], c.words); len(secrets) > 0 {
			if t.Exists(target) && !t.IsDir(target) {
				c.result.Secrets = append(c.result.Secrets, secrets...)
			} else {
				missing = append(missing, secrets...)
			}
			continue
		}
		if err := c.copyFile(file, target); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		c.addNamespaces(missing)
		return &SecretsError{Name: c.options.Name, Missing: missing}
	}
	return nil
}

// addNamespaces adds the namespaces that kustomizations set to the Secrets without one.
func (c *creation) addNamespaces(secrets []Secret) {
	for i, s := range secrets {
		for _, o := range c.model.Objects() {
			if s.Namespace == "" && o.File() == s.At.File && c.words.Apply(o.GetName()) == s.Name {
				secrets[i].Namespace = c.words.Apply(o.GetNamespace())
			}
		}
	}
}

// copyFile copies a file with its names replaced.
func (c *creation) copyFile(file, target string) error {
	t := c.repository.Tree
	taken := func(name string) bool { return t.Exists(name) && (name == target || !t.IsDir(name)) }
	for _, dir := range slices.AppendSeq([]string{target}, tree.Parents(target)) {
		if taken(dir) {
			return advice.Add(fmt.Errorf("create %s: %s exists already", target, dir), "Choose another name, or remove the file if it is left from another tenant.")
		}
	}
	text, err := t.ReadFile(file)
	if err != nil {
		return err
	}
	copied, err := rewrite.Rename(file, text, c.words)
	if err != nil {
		return advice.Add(err, "Write the values that contain %s in quotes, or in one line.", c.model.Name)
	}
	c.result.Changes = append(c.result.Changes, Change{Path: target, After: copied.Text, From: file})
	for _, p := range copied.Kept {
		p.File = target
		c.result.Kept = append(c.result.Kept, p)
	}
	for _, p := range sensitiveValues(t, file) {
		p.File = target
		c.result.Copied = append(c.result.Copied, p)
	}
	return nil
}

// addToLists adds the new files to the kustomization files that list the model's.
func (c *creation) addToLists() error {
	for _, l := range c.repository.listings(c.model) {
		before, after, err := rewrite.AddEntries(c.repository.Tree, l.file, l.targets, c.words)
		if err != nil {
			return err
		}
		c.result.Changes = append(c.result.Changes, Change{Path: l.file, Before: before, After: after})
	}
	if len(c.result.Changes) == 0 {
		return errors.New("no file was found to copy")
	}
	return nil
}

// mentions are the places in files that other layers use, or that list layers, where a tenant is
// named.
func (r *Repository) mentions(t *Tenant) []tree.Position {
	files := map[string]bool{}
	listed := map[string]bool{}
	for _, u := range r.uses.list {
		for _, file := range u.Files {
			files[file] = true
		}
	}
	for _, l := range r.listings(t) {
		listed[l.file] = true // it is changed
	}
	var found []tree.Position
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if slices.Contains(t.Files, file) || listed[file] || !tree.IsYAML(file) {
			continue
		}
		text, err := r.Tree.ReadFile(file)
		if err != nil {
			continue
		}
		if p, ok := positionOf(file, text, t.Name); ok {
			found = append(found, p)
		}
	}
	return found
}
