package scaffold

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Secret is a Secret of the model that a new tenant needs, and that is never copied.
type Secret struct {
	// At is where the model's is.
	At tree.Position
	// File is the path that the new tenant's must have.
	File string
	// Name and Namespace are those of the new Secret; "" if the file is not a manifest.
	Name, Namespace string
	// Type is the type of the Secret, "" for Opaque.
	Type string
	// Keys are the keys that it needs, sorted.
	Keys []string
	// Form is how the model's is stored.
	Form Form
	// Recipients are the flags of sops that encrypt for the same recipients.
	Recipients []Flag
}

// Flag is a flag of a program, such as --age, and its value.
type Flag struct{ Name, Value string }

// Form is how a Secret is stored in a tree.
type Form string

// The forms.
const (
	// Plain: the values are in the file.
	Plain Form = "Plain"
	// SOPS: sops has encrypted the values (github.com/getsops/sops).
	SOPS Form = "SOPS"
	// Sealed: kubeseal has encrypted the values for one name and namespace
	// (github.com/bitnami-labs/sealed-secrets).
	Sealed Form = "Sealed"
)

const sealedSecret = "SealedSecret"

// secretsIn are the Secrets of a file, which must not be copied.
func secretsIn(t *tree.Tree, file string, inGenerator bool, words *compare.Words) []Secret {
	text, err := t.ReadFile(file)
	if err != nil {
		return nil
	}
	if inGenerator {
		form := Plain
		if bytes.Contains(text, []byte("ENC[AES256_GCM,")) {
			form = SOPS
		}
		return []Secret{{At: tree.Position{File: file}, File: words.Apply(file), Form: form}}
	}
	if !tree.IsYAML(file) {
		if bytes.Contains(text, []byte("ENC[AES256_GCM,")) {
			return []Secret{{At: tree.Position{File: file}, File: words.Apply(file), Form: SOPS}}
		}
		return nil
	}
	documents, err := t.Documents(file)
	if err != nil {
		return nil
	}
	var found []Secret
	for _, d := range documents {
		if s := secretOf(d, words); s != nil {
			found = append(found, *s)
		}
	}
	return found
}

// secretOf is the Secret in a document, nil if it has none.
func secretOf(d *tree.Document, words *compare.Words) *Secret {
	kind := object.Text(d.Object, "kind")
	sops := object.Map(d.Object, "sops")
	s := &Secret{
		At: d.Start(), File: words.Apply(d.File), Form: Plain, Type: object.Text(d.Object, "type"),
		Name:      words.Apply(object.Text(d.Object, "metadata", "name")),
		Namespace: words.Apply(object.Text(d.Object, "metadata", "namespace")),
	}
	keys := map[string]bool{}
	for _, field := range []string{"data", "stringData"} {
		for key := range object.Map(d.Object, field) {
			keys[key] = true
		}
	}
	switch {
	case sops != nil && object.Text(sops, "mac") != "":
		s.Form, s.Recipients = SOPS, recipients(sops)
	case kind == sealedSecret:
		s.Form = Sealed
		for key := range object.Map(d.Object, "spec", "encryptedData") {
			keys[key] = true
		}
	case kind != object.SecretKind.Kind || len(keys) == 0:
		return nil
	}
	s.Keys = slices.Sorted(maps.Keys(keys))
	return s
}

// recipientFields are the lists in a file's metadata of sops, the field of an entry that names
// the key, and the flag of `sops encrypt` that takes it (getsops/sops v3.10,
// stores/stores.go and cmd/sops/main.go).
var recipientFields = []struct{ list, field, flag string }{
	{"age", "recipient", "--age"},
	{"pgp", "fp", "--pgp"},
	{"kms", "arn", "--kms"},
	{"gcp_kms", "resource_id", "--gcp-kms"},
}

// recipients are the flags of `sops encrypt` for the recipients of a file.
func recipients(sops map[string]any) []Flag {
	var flags []Flag
	for _, f := range recipientFields {
		var keys []string
		for _, entry := range object.List(sops, f.list) {
			if key := object.Text(entry, f.field); key != "" {
				keys = append(keys, key)
			}
		}
		if len(keys) > 0 {
			flags = append(flags, Flag{f.flag, strings.Join(keys, ",")})
		}
	}
	if pattern := object.Text(sops, "encrypted_regex"); pattern != "" {
		flags = append(flags, Flag{"--encrypted-regex", pattern})
	}
	return flags
}

// SecretsError is the error of a model whose Secrets can't be copied.
type SecretsError struct {
	Name string
	// Missing are the Secrets to create first.
	Missing []Secret
}

// Error lists the files.
func (e *SecretsError) Error() string {
	var files []string
	for _, s := range e.Missing {
		files = append(files, s.File)
	}
	slices.Sort(files)
	return fmt.Sprintf("create tenant %q: Secrets are never copied: %s must exist first", e.Name, strings.Join(slices.Compact(files), ", "))
}

// generatorSecrets are the files from which the secretGenerators of a tenant's own kustomization
// files read. Values that are in such a kustomization file itself are an error.
func (r *Repository) generatorSecrets(t *Tenant) (map[string]bool, error) {
	files := map[string]bool{}
	for _, file := range t.Files {
		if _, isKustomization := r.uses.names[file]; !isKustomization {
			continue
		}
		documents, err := r.Tree.Documents(file)
		if err != nil || len(documents) == 0 {
			continue
		}
		for i, g := range object.List(documents[0].Object, "secretGenerator") {
			if len(object.Texts(g, "literals")) > 0 {
				p, _, _ := documents[0].Find(fmt.Sprintf("secretGenerator[%d]", i))
				return nil, advice.Add(fmt.Errorf("copy %s: a secretGenerator has the values of a Secret", p), "Move the values to a file, and encrypt it with sops.")
			}
			names := append(object.Texts(g, "files"), object.Texts(g, "envs")...)
			if env := object.Text(g, "env"); env != "" {
				names = append(names, env)
			}
			for _, name := range names {
				if _, file, named := strings.Cut(name, "="); named {
					name = file
				}
				files[path.Join(path.Dir(file), name)] = true
			}
		}
	}
	return files, nil
}

// sensitiveValues are the positions of values in a file whose keys name a password or another
// secret, although they are not in a Secret.
func sensitiveValues(t *tree.Tree, file string) []tree.Position {
	if !tree.IsYAML(file) {
		return nil
	}
	documents, err := t.Documents(file)
	if err != nil {
		return nil
	}
	var found []tree.Position
	for _, d := range documents {
		var walk func(value any, field string)
		walk = func(value any, field string) {
			switch v := value.(type) {
			case map[string]any:
				for _, key := range slices.Sorted(maps.Keys(v)) {
					below := field + "[" + key + "]"
					if text, ok := v[key].(string); ok && text != "" && sensitive.StrongKey(key) && sensitive.Key(key) {
						p, _, _ := d.Find(below)
						found = append(found, p)
					}
					walk(v[key], below)
				}
			case []any:
				for i, entry := range v {
					walk(entry, fmt.Sprintf("%s[%d]", field, i))
				}
			}
		}
		walk(d.Object, "")
	}
	return found
}
