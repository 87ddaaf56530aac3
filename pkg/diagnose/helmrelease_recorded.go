package diagnose

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// recorded reports records of Helm that do not allow the action, and whether the
// message is about that.
func (r release) recorded(parsed fluxmsg.Helm, m statement) bool {
	switch parsed.Problem {
	case fluxmsg.HelmNoDeployed, fluxmsg.HelmNameInUse, fluxmsg.HelmRecordExists:
		if _, pending := r.pending(); pending {
			r.locked(m)
			return true
		}
	case fluxmsg.HelmRecordUnreadable, fluxmsg.HelmRecordMissing:
	default:
		return false
	}
	f := r.finding(codeReleaseRecord, m.reason, "")
	f.Evidence = withProof([]finding.Evidence{m.proof}, f.Evidence...)
	switch parsed.Problem {
	case fluxmsg.HelmNoDeployed:
		r.noneDeployed(&f)
	case fluxmsg.HelmNameInUse:
		r.nameInUse(&f)
	case fluxmsg.HelmRecordExists:
		r.recordExists(parsed, &f)
	case fluxmsg.HelmRecordUnreadable:
		r.recordUnreadable(parsed, &f)
	case fluxmsg.HelmRecordMissing:
		f.Message = fmt.Sprintf("Helm has no record of %s: %s", finding.RefOf(r.obj), firstLine(parsed.Cause))
		f.Fixes = []finding.Fix{
			{Text: "List the releases that Helm has stored in the namespace", Command: "helm list --all -n " + escape.ShellWord(r.storage())},
			{Text: "Then force a reconciliation: Flux installs the release again and adopts the existing objects", Command: r.flux("reconcile", "--force")},
		}
	}
	r.exam.findings = append(r.exam.findings, f)
	return true
}

// history is the command that shows what Helm has stored.
func (r release) history(text string) finding.Fix {
	return finding.Fix{Text: text, Command: r.helmCommand("history")}
}

// noneDeployed reports a release that Helm can't upgrade. Helm also upgrades a release
// whose newest revision failed (helm.sh/helm/v3 3.19, pkg/action/upgrade.go,
// prepareUpgrade), but not one that is uninstalled.
func (r release) noneDeployed(f *finding.Finding) {
	f.Message = fmt.Sprintf("Helm has no deployed revision of %s to upgrade", f.Ref)
	f.Fixes = []finding.Fix{r.history("List the revisions that Helm has stored, and their status")}
	all := r.records()
	if len(all) == 0 {
		f.Fixes = append(f.Fixes, r.retry())
		return
	}
	newest := all[0]
	f.Evidence = withProof(f.Evidence, newest.proof())
	if _, ok := r.deployed(0); ok {
		f.Message += fmt.Sprintf("; revision %d is %s now", newest.version, newest.status)
		f.Fixes = append(f.Fixes, r.retry())
		return
	}
	f.Message += fmt.Sprintf("; the newest, revision %d, is %s", newest.version, newest.status)
	for _, old := range all {
		if old.status == "superseded" {
			f.Evidence = withProof(f.Evidence, old.proof())
			f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("To deploy revision %d again, which was deployed before, roll back with Helm", old.version),
				Command: r.helmCommand("rollback", strconv.Itoa(old.version))}, r.retry())
			return
		}
	}
	f.Fixes = append(f.Fixes, r.removeRevision(newest.secret, "Only if no revision needs to be kept"), r.retry())
}

// removeRevision is how to remove a revision from the storage of Helm: the record is saved
// first.
func (r release) removeRevision(record *unstructured.Unstructured, when string) finding.Fix {
	name, namespace := record.GetName(), record.GetNamespace()
	return finding.Fix{
		Text:    when + ": save its record to a file, then delete it; Helm loses that revision, but the objects stay",
		Command: escape.Command("kubectl get secret %s -n %s -o yaml > %s.yaml && kubectl delete secret %s -n %s", name, namespace, name, name, namespace),
	}
}

// otherRelease is another HelmRelease for the same Helm release, nil if there is none.
func (r release) otherRelease() *unstructured.Unstructured {
	name, namespace := releaseName(r.obj)
	for _, other := range r.x.snap.List(health.HelmReleaseKind, "").Objects {
		own, target := releaseName(other)
		if own == name && target == namespace && !finding.RefOf(other).Same(finding.RefOf(r.obj)) {
			return other
		}
	}
	return nil
}

// contested is how to fix two HelmReleases for one Helm release.
func (r release) contested(f *finding.Finding) bool {
	other := r.otherRelease()
	if other == nil {
		return false
	}
	name, namespace := releaseName(r.obj)
	f.Message = fmt.Sprintf("%s and %s both install Helm release %s in namespace %s", f.Ref, finding.RefOf(other), name, namespace)
	prove(f, other, "spec.releaseName", "spec.targetNamespace")
	prove(f, r.obj, "spec.releaseName", "spec.targetNamespace")
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Change spec.releaseName of one of the two; the release is uninstalled when either of them is deleted, so suspend the obsolete one before you remove it from Git (%s)", finding.RefOf(other)), File: r.x.definedIn(r.obj)},
		r.history("Check which of them the stored revisions belong to"),
	}
	return true
}

// nameInUse reports a release that Flux should install but that Helm already has.
func (r release) nameInUse(f *finding.Finding) {
	if r.contested(f) {
		return
	}
	name, _ := releaseName(r.obj)
	f.Message = fmt.Sprintf("%s can't be installed, because Helm already has a release %s in namespace %s", f.Ref, name, r.storage())
	if all := r.records(); len(all) > 0 {
		f.Message += fmt.Sprintf(": its revision %d is %s", all[0].version, all[0].status)
		f.Evidence = withProof(f.Evidence, all[0].proof())
	}
	f.Fixes = []finding.Fix{
		r.history("Check what Helm has stored under that name"),
		{Text: "If it is the same release, let Flux upgrade it instead", Command: r.flux("reconcile", "--force")},
		{Text: "If it is another release that must stay, choose another spec.releaseName", File: r.x.definedIn(r.obj)},
	}
}

// recordExists reports a revision that already exists when Helm writes it: two programs
// act on the same release, or the list of revisions was out of date.
func (r release) recordExists(parsed fluxmsg.Helm, f *finding.Finding) {
	if r.contested(f) {
		return
	}
	f.Message = fmt.Sprintf("Helm cannot store a new revision of %s, because its record already exists: something else acts on the release, or has acted on it, at the same time", f.Ref)
	for _, record := range r.records() {
		if record.secret.GetName() == parsed.Record || parsed.Record == "" {
			f.Message += fmt.Sprintf("; revision %d is %s", record.version, record.status)
			f.Evidence = withProof(f.Evidence, record.proof())
			break
		}
	}
	f.Fixes = []finding.Fix{
		r.history("Check which revision was stored last, and when: by helm on a command line, a pipeline, or Flux of another cluster"),
		r.retry(),
	}
}

// recordUnreadable reports a record that Helm can't decode.
func (r release) recordUnreadable(parsed fluxmsg.Helm, f *finding.Finding) {
	f.Message = fmt.Sprintf("Helm cannot read its records of %s: %s", f.Ref, firstLine(parsed.Cause))
	if parsed.Record == "" {
		f.Fixes = []finding.Fix{
			{Text: "List the records, and check which of them cannot be decoded", Command: escape.Command("kubectl get secrets -n %s -l owner=helm,name=%s", r.storage(), r.helmName())},
			{Text: "Restore that Secret from a backup; without one, the revision in it is lost"},
		}
		return
	}
	secret := coreRef(secretKind.Kind, r.storage(), parsed.Record)
	f.Fixes = []finding.Fix{
		{Text: "Check whether the record can be decoded", Command: escape.Command("kubectl get secret %s -n %s -o jsonpath='{.data.release}' | base64 -d | base64 -d | gunzip | head -c 300", secret.Name, secret.Namespace)},
		{Text: fmt.Sprintf("Restore %s from a backup", secret)},
	}
	for _, record := range r.records() {
		if record.secret.GetName() != parsed.Record {
			continue
		}
		f.Ref = finding.RefOf(record.secret)
		f.Evidence = withProof(f.Evidence, record.proof())
		if good, ok := r.deployed(0); ok && good.version != record.version {
			f.Evidence = withProof(f.Evidence, good.proof())
			f.Fixes = append(f.Fixes, r.removeRevision(record.secret, fmt.Sprintf("Only if there is no backup, and revision %d is the deployed one", good.version)))
		}
	}
	f.Fixes = append(f.Fixes, r.retry())
}

// lostRevision reports whether Helm did not find the revision to roll back to or to
// uninstall, with its message.
func (r release) lostRevision() (statement, bool) {
	for _, m := range r.statements() {
		parsed, ok := r.x.message(m.text).Helm()
		undo := parsed.Action == "rollback" || strings.HasPrefix(parsed.Action, "uninstall")
		if ok && undo && parsed.Problem == fluxmsg.HelmRecordMissing {
			return m, true
		}
	}
	return statement{}, false
}
