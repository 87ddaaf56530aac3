package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// keyFamily is a method of encryption, with the names of the keys of a Secret that
// kustomize-controller reads for it (v1.9.6, internal/decryptor/decryptor.go).
type keyFamily struct {
	what string
	// suffix is the end of the names; name is the only name, if there is only one.
	suffix, name string
	recipient    func(string) bool
}

var keyFamilies = []keyFamily{
	{what: "age key", suffix: ".agekey", recipient: begins("age1")},
	{what: "OpenPGP key", suffix: ".asc", recipient: isFingerprint},
	{what: "AWS credential", name: "sops.aws-kms", recipient: begins("arn:aws")},
	{what: "Google Cloud credential", name: "sops.gcp-kms", recipient: begins("projects/")},
	{what: "Azure credential", name: "sops.azure-kv", recipient: func(r string) bool { return strings.Contains(r, "vault.azure.") }},
	{what: "Vault token", name: "sops.vault-token", recipient: func(r string) bool { return strings.HasPrefix(r, "http") && strings.Contains(r, "/v1/") }},
}

func begins(prefix string) func(string) bool {
	return func(recipient string) bool { return strings.HasPrefix(recipient, prefix) }
}

// isFingerprint reports whether a recipient has the form of an OpenPGP key.
func isFingerprint(recipient string) bool {
	return len(recipient) == 40 && strings.Trim(strings.ToLower(recipient), "0123456789abcdef") == ""
}

// reads reports whether Flux reads a key of a Secret as one of the family.
func (f keyFamily) reads(key string) bool {
	return f.name != "" && key == f.name || f.suffix != "" && strings.HasSuffix(key, f.suffix)
}

func (f keyFamily) names() string {
	if f.name != "" {
		return "the key " + f.name
	}
	return "keys whose names end in " + f.suffix
}

// rename is a name under which Flux reads the key.
func (f keyFamily) rename(key string) string {
	if f.name != "" {
		return f.name
	}
	base, _, _ := strings.Cut(key, ".")
	return base + f.suffix
}

// familiesOf are the methods with which a text is encrypted, by its recipients; all
// methods if no recipient is known.
func familiesOf(recipients []string) []keyFamily {
	var found []keyFamily
	for _, family := range keyFamilies {
		if slices.ContainsFunc(recipients, family.recipient) {
			found = append(found, family)
		}
	}
	if len(found) == 0 {
		return keyFamilies
	}
	return found
}

// renameKey is how to give a key a name that Flux reads. If there are several keys,
// their names have to identify it.
func renameKey(ref finding.Ref, keys []string, family keyFamily) []finding.Fix {
	candidates := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return len(keys) > 1 && !strings.Contains(key, "key") && !strings.Contains(key, strings.Fields(family.what)[0])
	})
	if len(candidates) != 1 {
		return []finding.Fix{{Text: fmt.Sprintf("Add the %s to %s under a name that Flux reads: %s", family.what, ref, family.names()), Command: inspect(ref)}}
	}
	name := family.rename(candidates[0])
	return []finding.Fix{{
		Text: fmt.Sprintf("Rename key %s to %s in %s: with the key in a file %s, run this", candidates[0], name, ref, candidates[0]),
		Command: escape.Command("kubectl create secret generic %s -n %s --from-file=%s=%s --dry-run=client -o yaml | kubectl apply -f -",
			ref.Name, ref.Namespace, name, candidates[0]),
	}}
}

func allNames(families []keyFamily) string {
	var suffixes, keys, all []string
	for _, family := range families {
		if family.suffix != "" {
			suffixes = append(suffixes, family.suffix)
		} else {
			keys = append(keys, family.name)
		}
	}
	if len(suffixes) > 0 {
		all = append(all, "keys whose names end in "+strings.Join(suffixes, " or "))
	}
	switch {
	case len(keys) == 1:
		all = append(all, "the key "+keys[0])
	case len(keys) > 1:
		all = append(all, "the keys "+strings.Join(keys, ", "))
	}
	return strings.Join(all, ", and ")
}
