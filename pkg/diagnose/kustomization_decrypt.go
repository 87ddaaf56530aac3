package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// decryption reports why the secrets of the layer can't be decrypted: the Secret with
// the keys, its content, or the recipients of the encrypted text.
func (k kustomization) decryption(build fluxmsg.Build) {
	name := field.Text(k.obj.Object, "spec", "decryption", "secretRef", "name")
	if field.Map(k.obj.Object, "spec", "decryption") == nil && build.Missing && build.Reference.Namespace == "" { // of what, nothing tells
		k.report(k.ownFinding(codeBuildFailed, k.failedAt("BuildFailed"), k.logs()))
		return
	}
	f := k.ownFinding(codeDecryptionFailed, k.failedAt("BuildFailed"))
	if name != "" {
		f.Evidence = append([]finding.Evidence{evidence(k.obj, "spec.decryption.secretRef.name", name, time.Time{})}, f.Evidence...)
	}
	if build.Missing && cmp.Or(name, build.Reference.Name) == build.Reference.Name {
		f.Code = codeDecryptionKey
		home, where := k.obj.GetNamespace(), "spec.decryption.secretRef"
		if name == "" { // kustomize-controller's own (--sops-age-secret)
			home, where = k.x.controllerOf(k.obj).Namespace, "--sops-age-secret of kustomize-controller"
		}
		needed := part{ref: coreRef("Secret", cmp.Or(build.Reference.Namespace, home), build.Reference.Name)}
		k.lacking(f, needed, "decrypts its manifests with the keys in", where)
		return
	}
	if name == "" {
		f.Fixes = k.unnamedKeys(build)
		k.report(f)
		return
	}
	ref := coreRef("Secret", k.obj.GetNamespace(), name)
	switch answer := k.x.snap.Lookup(ref); answer.Presence {
	case snapshot.Absent:
		f.Code = codeDecryptionKey
		k.lacking(f, part{ref: ref}, "decrypts its manifests with the keys in", "spec.decryption.secretRef")
		return
	case snapshot.Unknown:
		if answer.Why.Why != snapshot.NotServed {
			k.exam.unknown = append(k.exam.unknown, *answer.Why)
		}
		f.Message += encryptedFor(build)
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check which keys %s has: Flux reads %s", ref, allNames(familiesOf(build.Decryption.Recipients))), Command: inspect(ref)}}
	default:
		k.judgeKeys(build, answer.Object, &f)
	}
	k.report(f)
}

// judgeKeys reports whether the Secret has a key that Flux reads, and if so, why it may
// not decrypt the text.
func (k kustomization) judgeKeys(build fluxmsg.Build, secret *unstructured.Unstructured, f *finding.Finding) {
	ref := finding.RefOf(secret)
	families := familiesOf(build.Decryption.Recipients)
	keys := slices.Sorted(maps.Keys(field.Map(secret.Object, "data")))
	readable := slices.ContainsFunc(keys, func(key string) bool {
		return slices.ContainsFunc(families, func(family keyFamily) bool { return family.reads(key) })
	})
	f.Ref = ref
	for _, key := range keys[:min(len(keys), maxNamed)] { // which keys there are; what they hold is not in a snapshot
		f.Evidence = append(f.Evidence, evidence(secret, "data["+key+"]", field.Text(secret.Object, "data", key), time.Time{}))
	}
	switch problem := build.Decryption.Problem; {
	case problem == fluxmsg.DecryptionKeyInvalid:
		f.Code = codeDecryptionKey
		f.Message = fmt.Sprintf("%s can't use key %s of %s: %s", finding.RefOf(k.obj), build.Decryption.Key, ref, firstLine(build.Detail))
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Replace the value of key %s with the private key as its program wrote it", build.Decryption.Key), Command: inspect(ref)}}
	case !readable:
		f.Code = codeDecryptionKey
		f.Message = fmt.Sprintf("%s decrypts its manifests with %s, which has no key that Flux reads: it has %s, but Flux reads %s",
			finding.RefOf(k.obj), ref, keysOf(secret), allNames(families))
		f.Fixes = renameKey(ref, keys, families[0])
	case problem == fluxmsg.DecryptionDenied:
		f.Message = fmt.Sprintf("%s can't decrypt its manifests: the key service does not accept the credential in %s%s", finding.RefOf(k.obj), ref, encryptedFor(build))
		f.Fixes = []finding.Fix{{Text: "Allow the identity of that credential to decrypt with the key, or replace the credential if it has expired", Command: inspect(ref)}}
	case problem == fluxmsg.DecryptionMAC:
		f.Ref = finding.RefOf(k.obj)
		f.Fixes = []finding.Fix{{Text: "Encrypt the file again with sops: it was changed after it was encrypted", File: k.path()}}
	default:
		f.Message = fmt.Sprintf("%s can't decrypt its manifests: no key in %s (%s) matches%s", finding.RefOf(k.obj), ref, keysOf(secret), encryptedFor(build))
		f.Fixes = k.otherKey(ref, families)
	}
}

// otherKey is the fix if the Secret has a key, but not the right one.
func (k kustomization) otherKey(ref finding.Ref, families []keyFamily) []finding.Fix {
	fixes := []finding.Fix{{Text: fmt.Sprintf("Add the private key of one of these recipients to %s (Flux reads %s)", ref, allNames(families)), Command: inspect(ref)}}
	again := finding.Fix{Text: "Or encrypt the file for the key in the Secret: add its recipient to .sops.yaml, then run sops updatekeys on the file", File: k.path()}
	if len(families) == 1 && families[0].suffix == ".agekey" {
		again.Text += "; age-keygen -y prints the recipient of a private key"
	}
	return append(fixes, again)
}

// unnamedKeys is the fix if the layer references no Secret with keys.
func (k kustomization) unnamedKeys(build fluxmsg.Build) []finding.Fix {
	families := familiesOf(build.Decryption.Recipients)
	if families[0].suffix != "" {
		return []finding.Fix{{Text: "Name a Secret with the private key in spec.decryption.secretRef (Flux reads " + allNames(families) + ")", File: k.x.definedIn(k.obj)}}
	}
	account := cmp.Or(field.Text(k.obj.Object, "spec", "decryption", "serviceAccountName"), "kustomize-controller")
	return []finding.Fix{{Text: fmt.Sprintf("Allow service account %s to use the key, or name a Secret with a credential in spec.decryption.secretRef (Flux reads %s)", account, allNames(families)),
		Command: escape.Command("kubectl describe serviceaccount %s -n %s", account, k.obj.GetNamespace())}}
}

// encryptedFor names the recipients in the message.
func encryptedFor(build fluxmsg.Build) string {
	if len(build.Decryption.Recipients) == 0 {
		return ""
	}
	return "; it is encrypted for " + strings.Join(build.Decryption.Recipients, ", ")
}

// notDecrypted reports an encrypted Secret in the manifests of a layer without
// spec.decryption. Another layer that has it serves as an example.
func (k kustomization) notDecrypted(build fluxmsg.Build) finding.Finding {
	f := k.ownFinding(codeNotDecrypted, k.failedAt("BuildFailed"))
	f.Message = fmt.Sprintf("%s applies Secret %s/%s, which is encrypted with SOPS, but it has no spec.decryption",
		finding.RefOf(k.obj), build.Object.Namespace, build.Object.Name)
	fix := finding.Fix{Text: "Set spec.decryption with provider sops and a secretRef to the Secret that has the private key", File: k.x.definedIn(k.obj)}
	for _, other := range k.x.snap.List(health.KustomizationKind, k.obj.GetNamespace()).Objects {
		if secret := field.Text(other.Object, "spec", "decryption", "secretRef", "name"); secret != "" && other.GetName() != k.obj.GetName() {
			fix.Text = fmt.Sprintf("Set spec.decryption as in %s, which uses Secret %s", finding.RefOf(other), secret)
			f.Evidence = append(f.Evidence, evidence(other, "spec.decryption.secretRef.name", secret, time.Time{}))
			break
		}
	}
	f.Fixes = []finding.Fix{fix}
	return f
}
