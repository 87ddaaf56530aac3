package kustomize

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// decryption reports why the secrets of the layer can't be decrypted: the Secret with
// the keys, its content, or the recipients of the encrypted text.
func decryption(k flux.Kustomization, build message.Build) {
	name := object.Text(k.Obj.Object, "spec", "decryption", "secretRef", "name")
	if object.Map(k.Obj.Object, "spec", "decryption") == nil && build.Missing && build.Reference.Namespace == "" { // no field shows of which object
		report(k, ownFinding(k, engine.CodeBuildFailed, failedAt(k, "BuildFailed"), logs(k)))
		return
	}
	f := ownFinding(k, engine.CodeDecryptionFailed, failedAt(k, "BuildFailed"))
	if name != "" {
		f.Evidence = append([]finding.Evidence{engine.Evidence(k.Obj, "spec.decryption.secretRef.name", name, time.Time{})}, f.Evidence...)
	}
	if build.Missing && cmp.Or(name, build.Reference.Name) == build.Reference.Name {
		f.Code = engine.CodeDecryptionKey
		home, where := k.Obj.GetNamespace(), "spec.decryption.secretRef"
		if name == "" { // kustomize-controller's own (--sops-age-secret)
			home, where = flux.ControllerOf(k.X, k.Obj).Namespace, "--sops-age-secret of kustomize-controller"
		}
		needed := engine.ConfigSource{Ref: engine.CoreRef("Secret", cmp.Or(build.Reference.Namespace, home), build.Reference.Name)}
		lacking(k, f, needed, "decrypts its manifests with the keys in", where)
		return
	}
	if name == "" {
		f.Fixes = unnamedKeys(k, build)
		report(k, f)
		return
	}
	ref := engine.CoreRef("Secret", k.Obj.GetNamespace(), name)
	switch answer := k.X.Snap.Lookup(ref); answer.Presence {
	case snapshot.Absent:
		f.Code = engine.CodeDecryptionKey
		lacking(k, f, engine.ConfigSource{Ref: ref}, "decrypts its manifests with the keys in", "spec.decryption.secretRef")
		return
	case snapshot.Unknown:
		if answer.Failure.Reason != snapshot.NotServed {
			k.Result.Unknown = append(k.Result.Unknown, *answer.Failure)
		}
		f.Message += encryptedFor(build)
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check which keys %s has: Flux reads %s", ref, allNames(familiesOf(build.Decryption.Recipients))), Command: flux.DescribeCommand(ref)}}
	default:
		judgeKeys(k, build, answer.Object, &f)
	}
	report(k, f)
}

// judgeKeys reports whether the Secret has a key that Flux reads, and if so, why it may
// not decrypt the text.
func judgeKeys(k flux.Kustomization, build message.Build, secret *unstructured.Unstructured, f *finding.Finding) {
	ref := object.RefOf(secret)
	families := familiesOf(build.Decryption.Recipients)
	keys := slices.Sorted(maps.Keys(object.Map(secret.Object, "data")))
	readable := slices.ContainsFunc(keys, func(key string) bool {
		return slices.ContainsFunc(families, func(family keyFamily) bool { return family.reads(key) })
	})
	f.Ref = ref
	for _, key := range keys[:min(len(keys), engine.MaxNamed)] { // only the names of the keys: a snapshot has no values
		f.Evidence = append(f.Evidence, engine.Evidence(secret, "data["+key+"]", object.Text(secret.Object, "data", key), time.Time{}))
	}
	switch problem := build.Decryption.Problem; {
	case problem == message.DecryptionKeyInvalid:
		f.Code = engine.CodeDecryptionKey
		f.Message = fmt.Sprintf("%s can't use key %s of %s: %s", object.RefOf(k.Obj), build.Decryption.Key, ref, health.FirstLine(build.Detail))
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Replace the value of key %s with the private key as its program wrote it", build.Decryption.Key), Command: flux.DescribeCommand(ref)}}
	case !readable:
		f.Code = engine.CodeDecryptionKey
		f.Message = fmt.Sprintf("%s decrypts its manifests with %s, which has no key that Flux reads: it has %s, but Flux reads %s",
			object.RefOf(k.Obj), ref, pods.KeysOf(secret), allNames(families))
		f.Fixes = renameKey(ref, keys, families[0])
	case problem == message.DecryptionDenied:
		f.Message = fmt.Sprintf("%s can't decrypt its manifests: the key service does not accept the credential in %s%s", object.RefOf(k.Obj), ref, encryptedFor(build))
		f.Fixes = []finding.Fix{{Text: "Allow the identity of that credential to decrypt with the key, or replace the credential if it has expired", Command: flux.DescribeCommand(ref)}}
	case problem == message.DecryptionMAC:
		f.Ref = object.RefOf(k.Obj)
		f.Fixes = []finding.Fix{{Text: "Encrypt the file again with sops: it was changed after it was encrypted", File: path(k)}}
	default:
		f.Message = fmt.Sprintf("%s can't decrypt its manifests: no key in %s (%s) matches%s", object.RefOf(k.Obj), ref, pods.KeysOf(secret), encryptedFor(build))
		f.Fixes = otherKey(k, ref, families)
	}
}

// otherKey is the fix if the Secret has a key, but not the right one.
func otherKey(k flux.Kustomization, ref object.Ref, families []keyFamily) []finding.Fix {
	fixes := []finding.Fix{{Text: fmt.Sprintf("Add the private key of one of these recipients to %s (Flux reads %s)", ref, allNames(families)), Command: flux.DescribeCommand(ref)}}
	again := finding.Fix{Text: "Or encrypt the file for the key in the Secret: add its recipient to .sops.yaml, then run sops updatekeys on the file", File: path(k)}
	if len(families) == 1 && families[0].suffix == ".agekey" {
		again.Text += "; age-keygen -y prints the recipient of a private key"
	}
	return append(fixes, again)
}

// unnamedKeys is the fix if the layer references no Secret with keys.
func unnamedKeys(k flux.Kustomization, build message.Build) []finding.Fix {
	families := familiesOf(build.Decryption.Recipients)
	if families[0].suffix != "" {
		return []finding.Fix{{Text: "Name a Secret with the private key in spec.decryption.secretRef (Flux reads " + allNames(families) + ")", File: k.X.DefinedIn(k.Obj)}}
	}
	account := cmp.Or(object.Text(k.Obj.Object, "spec", "decryption", "serviceAccountName"), "kustomize-controller")
	return []finding.Fix{{Text: fmt.Sprintf("Allow service account %s to use the key, or name a Secret with a credential in spec.decryption.secretRef (Flux reads %s)", account, allNames(families)),
		Command: escape.Command("kubectl describe serviceaccount %s -n %s", account, k.Obj.GetNamespace())}}
}

// encryptedFor names the recipients in the message.
func encryptedFor(build message.Build) string {
	if len(build.Decryption.Recipients) == 0 {
		return ""
	}
	return "; it is encrypted for " + strings.Join(build.Decryption.Recipients, ", ")
}

// notDecrypted reports an encrypted Secret in the manifests of a layer without
// spec.decryption. Another layer that has it serves as an example.
func notDecrypted(k flux.Kustomization, build message.Build) finding.Finding {
	f := ownFinding(k, engine.CodeNotDecrypted, failedAt(k, "BuildFailed"))
	f.Message = fmt.Sprintf("%s applies Secret %s/%s, which is encrypted with SOPS, but it has no spec.decryption",
		object.RefOf(k.Obj), build.Object.Namespace, build.Object.Name)
	fix := finding.Fix{Text: "Set spec.decryption with provider sops and a secretRef to the Secret that has the private key", File: k.X.DefinedIn(k.Obj)}
	for _, other := range k.X.Snap.List(object.KustomizationKind, k.Obj.GetNamespace()).Objects {
		if secret := object.Text(other.Object, "spec", "decryption", "secretRef", "name"); secret != "" && other.GetName() != k.Obj.GetName() {
			fix.Text = fmt.Sprintf("Set spec.decryption as in %s, which uses Secret %s", object.RefOf(other), secret)
			f.Evidence = append(f.Evidence, engine.Evidence(other, "spec.decryption.secretRef.name", secret, time.Time{}))
			break
		}
	}
	f.Fixes = []finding.Fix{fix}
	return f
}

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
func renameKey(ref object.Ref, keys []string, family keyFamily) []finding.Fix {
	candidates := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return len(keys) > 1 && !strings.Contains(key, "key") && !strings.Contains(key, strings.Fields(family.what)[0])
	})
	if len(candidates) != 1 {
		return []finding.Fix{{Text: fmt.Sprintf("Add the %s to %s under a name that Flux reads: %s", family.what, ref, family.names()), Command: flux.DescribeCommand(ref)}}
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
