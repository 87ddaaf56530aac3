package helm

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// recorded reports records of Helm that do not allow the action, and whether the
// message is about that.
func recorded(r flux.Release, parsed helm.Failure, m flux.Statement) bool {
	switch parsed.Problem {
	case helm.ProblemNoDeployed, helm.ProblemNameInUse, helm.ProblemRecordExists:
		if _, pending := pending(r); pending {
			locked(r, m)
			return true
		}
	case helm.ProblemRecordUnreadable, helm.ProblemRecordMissing:
	default:
		return false
	}
	f := releaseFinding(r, engine.CodeReleaseRecord, m.Reason, "")
	f.Evidence = engine.WithProof([]finding.Evidence{m.Proof}, f.Evidence...)
	switch parsed.Problem {
	case helm.ProblemNoDeployed:
		noneDeployed(r, &f)
	case helm.ProblemNameInUse:
		nameInUse(r, &f)
	case helm.ProblemRecordExists:
		recordExists(r, parsed, &f)
	case helm.ProblemRecordUnreadable:
		recordUnreadable(r, parsed, &f)
	case helm.ProblemRecordMissing:
		f.Message = fmt.Sprintf("Helm has no record of %s: %s", object.RefOf(r.Obj), health.FirstLine(parsed.Cause))
		f.Fixes = []finding.Fix{
			{Text: "List the releases that Helm has stored in the namespace", Command: "helm list --all -n " + escape.ShellWord(storage(r))},
			{Text: "Then force a reconciliation: Flux installs the release again and adopts the existing objects", Command: fluxReconcile(r, "reconcile", "--force")},
		}
	}
	r.Result.Findings = append(r.Result.Findings, f)
	return true
}

// history is the command that shows what Helm has stored.
func history(r flux.Release, text string) finding.Fix {
	return finding.Fix{Text: text, Command: helmCommand(r, "history")}
}

// noneDeployed reports a release that Helm can't upgrade. Helm also upgrades a release
// whose newest revision failed (helm.sh/helm/v3 3.19, pkg/action/upgrade.go,
// prepareUpgrade), but not one that is uninstalled.
func noneDeployed(r flux.Release, f *finding.Finding) {
	f.Message = fmt.Sprintf("Helm has no deployed revision of %s to upgrade", f.Ref)
	f.Fixes = []finding.Fix{history(r, "List the revisions that Helm has stored, and their status")}
	all := records(r)
	if len(all) == 0 {
		f.Fixes = append(f.Fixes, retry(r))
		return
	}
	newest := all[0]
	f.Evidence = engine.WithProof(f.Evidence, newest.proof())
	if _, ok := deployed(r, 0); ok {
		f.Message += fmt.Sprintf("; revision %d is %s now", newest.version, newest.status)
		f.Fixes = append(f.Fixes, retry(r))
		return
	}
	f.Message += fmt.Sprintf("; the newest, revision %d, is %s", newest.version, newest.status)
	for _, old := range all {
		if old.status == "superseded" {
			f.Evidence = engine.WithProof(f.Evidence, old.proof())
			f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("To deploy revision %d again, which was deployed before, roll back with Helm", old.version),
				Command: helmCommand(r, "rollback", strconv.Itoa(old.version))}, retry(r))
			return
		}
	}
	f.Fixes = append(f.Fixes, removeRevision(r, newest.secret, "Only if you don't need the stored revision"), retry(r))
}

// removeRevision is how to remove a revision from the storage of Helm: the record is saved
// first.
func removeRevision(r flux.Release, record *unstructured.Unstructured, when string) finding.Fix {
	name, namespace := record.GetName(), record.GetNamespace()
	return finding.Fix{
		Text:    when + ": save Secret " + name + " to a file, then delete the Secret; Helm loses that revision, but the objects stay",
		Command: escape.Command("kubectl get secret %s -n %s -o yaml > %s.yaml && kubectl delete secret %s -n %s", name, namespace, name, name, namespace),
	}
}

// otherRelease is another HelmRelease for the same Helm release, nil if there is none.
func otherRelease(r flux.Release) *unstructured.Unstructured {
	name, namespace := flux.ReleaseName(r.Obj)
	for _, other := range r.X.Snap.List(object.HelmReleaseKind, "").Objects {
		own, target := flux.ReleaseName(other)
		if own == name && target == namespace && !object.RefOf(other).Same(object.RefOf(r.Obj)) {
			return other
		}
	}
	return nil
}

// contested is how to fix two HelmReleases for one Helm release.
func contested(r flux.Release, f *finding.Finding) bool {
	other := otherRelease(r)
	if other == nil {
		return false
	}
	name, namespace := flux.ReleaseName(r.Obj)
	f.Message = fmt.Sprintf("%s and %s both install Helm release %s in namespace %s", f.Ref, object.RefOf(other), name, namespace)
	engine.Prove(f, other, "spec.releaseName", "spec.targetNamespace")
	engine.Prove(f, r.Obj, "spec.releaseName", "spec.targetNamespace")
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Change spec.releaseName of one of the two; the release is uninstalled when either of them is deleted, so suspend the obsolete one before you remove it from Git (%s)", object.RefOf(other)), File: r.X.DefinedIn(r.Obj)},
		history(r, "Check which of them the stored revisions belong to"),
	}
	return true
}

// nameInUse reports a release that Flux should install but that Helm already has.
func nameInUse(r flux.Release, f *finding.Finding) {
	if contested(r, f) {
		return
	}
	name, _ := flux.ReleaseName(r.Obj)
	f.Message = fmt.Sprintf("%s can't be installed, because Helm already has a release %s in namespace %s", f.Ref, name, storage(r))
	if all := records(r); len(all) > 0 {
		f.Message += fmt.Sprintf(": its revision %d is %s", all[0].version, all[0].status)
		f.Evidence = engine.WithProof(f.Evidence, all[0].proof())
	}
	f.Fixes = []finding.Fix{
		history(r, "Check what Helm has stored under that name"),
		{Text: "If it is the same release, let Flux upgrade it instead", Command: fluxReconcile(r, "reconcile", "--force")},
		{Text: "If it is another release that must stay, choose another spec.releaseName", File: r.X.DefinedIn(r.Obj)},
	}
}

// recordExists reports a revision that already exists when Helm writes it: two programs
// act on the same release, or the list of revisions was out of date.
func recordExists(r flux.Release, parsed helm.Failure, f *finding.Finding) {
	if contested(r, f) {
		return
	}
	f.Message = fmt.Sprintf("Helm cannot store a new revision of %s, because its record already exists: something else acts on the release, or has acted on it, at the same time", f.Ref)
	for _, record := range records(r) {
		if record.secret.GetName() == parsed.Record || parsed.Record == "" {
			f.Message += fmt.Sprintf("; revision %d is %s", record.version, record.status)
			f.Evidence = engine.WithProof(f.Evidence, record.proof())
			break
		}
	}
	f.Fixes = []finding.Fix{
		history(r, "Check which revision was stored last, and when; it may come from the helm command, a pipeline, or Flux in another cluster"),
		retry(r),
	}
}

// recordUnreadable reports a record that Helm can't decode.
func recordUnreadable(r flux.Release, parsed helm.Failure, f *finding.Finding) {
	f.Message = fmt.Sprintf("Helm cannot read its records of %s: %s", f.Ref, health.FirstLine(parsed.Cause))
	if parsed.Record == "" {
		f.Fixes = []finding.Fix{
			{Text: "List the records, and check which of them cannot be decoded", Command: escape.Command("kubectl get secrets -n %s -l owner=helm,name=%s", storage(r), helmName(r))},
			{Text: "Restore that Secret from a backup; without one, the revision in it is lost"},
		}
		return
	}
	secret := engine.CoreRef(object.SecretKind.Kind, storage(r), parsed.Record)
	f.Fixes = []finding.Fix{
		{Text: "Check whether the record can be decoded", Command: escape.Command("kubectl get secret %s -n %s -o jsonpath='{.data.release}' | base64 -d | base64 -d | gunzip | head -c 300", secret.Name, secret.Namespace)},
		{Text: fmt.Sprintf("Restore %s from a backup", secret)},
	}
	for _, record := range records(r) {
		if record.secret.GetName() != parsed.Record {
			continue
		}
		f.Ref = object.RefOf(record.secret)
		f.Evidence = engine.WithProof(f.Evidence, record.proof())
		if good, ok := deployed(r, 0); ok && good.version != record.version {
			f.Evidence = engine.WithProof(f.Evidence, good.proof())
			f.Fixes = append(f.Fixes, removeRevision(r, record.secret, fmt.Sprintf("Only if there is no backup, and revision %d is the deployed one", good.version)))
		}
	}
	f.Fixes = append(f.Fixes, retry(r))
}

// lostRevision reports whether Helm did not find the revision to roll back to or to
// uninstall, with its message.
func lostRevision(r flux.Release) (flux.Statement, bool) {
	for _, m := range statements(r) {
		parsed, ok := r.X.Message(m.Text).Helm()
		undo := parsed.Action == "rollback" || strings.HasPrefix(parsed.Action, "uninstall")
		if ok && undo && parsed.Problem == helm.ProblemRecordMissing {
			return m, true
		}
	}
	return flux.Statement{}, false
}

// recordPrefix begins the names of Helm's records.
const recordPrefix = "sh.helm.release.v1."

// record is a Secret in which Helm stores one revision of a release. Its labels have
// the number and status of the revision (helm.sh/helm/v4 4.2.4,
// pkg/storage/driver/secrets.go); the rest is not read.
type record struct {
	secret  *unstructured.Unstructured
	version int
	status  string
}

// proof is the status of the revision in the labels of the record.
func (r record) proof() finding.Evidence {
	return engine.Evidence(r.secret, "metadata.labels.status", r.status, r.at())
}

// at is when Helm last wrote the record.
func (r record) at() time.Time {
	for _, label := range []string{"modifiedAt", "createdAt"} {
		if seconds, err := strconv.ParseInt(r.secret.GetLabels()[label], 10, 64); err == nil {
			return time.Unix(seconds, 0).UTC()
		}
	}
	return r.secret.GetCreationTimestamp().UTC()
}

// records are the records of the release, the newest first. If there are none, this
// proves nothing: Secrets may be unreadable, or read without those of Helm.
func records(r flux.Release) []record {
	name, _ := flux.ReleaseName(r.Obj)
	var found []record
	for _, secret := range r.X.Snap.List(object.SecretKind, storage(r)).Objects {
		labels := secret.GetLabels()
		version, err := strconv.Atoi(labels["version"])
		if labels["owner"] == "helm" && labels["name"] == name && err == nil {
			found = append(found, record{secret, version, labels["status"]})
		}
	}
	slices.SortFunc(found, func(a, b record) int { return cmp.Compare(b.version, a.version) })
	return found
}

// pending is the newest record if it is of a pending action: it locks the release.
func pending(r flux.Release) (record, bool) {
	all := records(r)
	if len(all) == 0 || !strings.HasPrefix(all[0].status, "pending-") {
		return record{}, false
	}
	return all[0], true
}

// deployed is the newest record of a deployed revision before the version; zero means
// any version.
func deployed(r flux.Release, before int) (record, bool) {
	for _, record := range records(r) {
		if record.status == "deployed" && (before == 0 || record.version < before) {
			return record, true
		}
	}
	return record{}, false
}
