package diagnose

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// download reports an artifact that kustomize-controller can't fetch from the
// controller that stores it. The source itself is ready then; the problem is the
// connection between the two controllers, or the storage.
func (k kustomization) download(build fluxmsg.Build) {
	server := k.artifactServer(build.Download.URL)
	f := k.ownFinding(codeDownloadFailed, k.failedAt("ArtifactFailed"))
	f.Message = fmt.Sprintf("%s can't fetch the artifact of %s from %s: %s", finding.RefOf(k.obj), health.SourceOf(k.obj), server.Name, downloadProblem(build.Download))
	f.Evidence = append(f.Evidence, k.sourceRevision()...)
	if build.Download.Problem == fluxmsg.DownloadStorage {
		k.fullDisk(&f)
		k.report(f)
		return
	}
	if k.x.notReady(server) {
		k.exam.blame = append(k.exam.blame, server)
	}
	if k.artifactService(server, &f) {
		k.report(f)
		return
	}
	switch build.Download.Problem {
	case fluxmsg.DownloadNotFound, fluxmsg.DownloadDigest:
		f.Fixes = k.storeAgain()
	case fluxmsg.DownloadHTTP:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Read the log of %s: it answers, but not with the artifact", server.Name),
			Command: escape.Command("kubectl logs deployment/%s -n %s --since=15m", server.Name, server.Namespace)}}
	case fluxmsg.DownloadDNS:
		f.Fixes = []finding.Fix{{Text: "Check whether the DNS of the cluster runs, and whether the pods of kustomize-controller can reach it", Command: "kubectl get pods -n kube-system -l k8s-app=kube-dns"}}
	default:
		k.unreached(server, build.Download, &f)
	}
	k.report(f)
}

// downloadProblem describe the problem in a clause.
func downloadProblem(d fluxmsg.Download) string {
	switch d.Problem {
	case fluxmsg.DownloadRefused:
		return "the connection is refused"
	case fluxmsg.DownloadTimeout:
		return "nothing answers"
	case fluxmsg.DownloadDNS:
		return "its host name can't be resolved"
	case fluxmsg.DownloadNotFound:
		return "it is not in the storage"
	case fluxmsg.DownloadDigest:
		return "it does not have the digest that the source's status names"
	case fluxmsg.DownloadStorage:
		return "there is no space for it on the disk of kustomize-controller"
	case fluxmsg.DownloadHTTP:
		return fmt.Sprintf("it answers with status %d", d.HTTPStatus)
	}
	return "the download fails"
}

// artifactServer is the Deployment that serves an artifact, named by the host of its
// URL, "source-controller.flux-system.svc.cluster.local.".
func (k kustomization) artifactServer(address string) finding.Ref {
	ref := finding.Ref{APIVersion: "apps/v1", Kind: health.DeploymentKind.Kind, Namespace: k.obj.GetNamespace(), Name: "source-controller"}
	if address == "" {
		if source := k.x.snap.Lookup(health.SourceOf(k.obj)).Object; source != nil {
			address = field.Text(source.Object, "status", "artifact", "url")
		}
	}
	if parsed, err := url.Parse(address); err == nil {
		if host := strings.Split(parsed.Hostname(), "."); len(host) > 2 && host[2] == "svc" {
			ref.Name, ref.Namespace = host[0], host[1]
		}
	}
	return ref
}

// artifactService reports a missing Service for the artifacts, and whether it is
// missing.
func (k kustomization) artifactService(server finding.Ref, f *finding.Finding) bool {
	service := finding.Ref{APIVersion: "v1", Kind: health.ServiceKind.Kind, Namespace: server.Namespace, Name: server.Name}
	if k.x.snap.Lookup(service).Presence != snapshot.Absent {
		return false
	}
	f.Ref = service
	f.Message += fmt.Sprintf("; %s does not exist", service)
	f.Evidence = append(f.Evidence, finding.Evidence{Ref: service, Field: "object", Value: "does not exist"})
	f.Fixes = []finding.Fix{{Text: "Create the Service again from the manifests with which Flux was bootstrapped", Command: "flux check"}}
	return true
}

// unreached reports a server that runs but can't be connected to. A NetworkPolicy that
// forbids it is the cause; otherwise the network between the pods has to be checked.
func (k kustomization) unreached(server finding.Ref, d fluxmsg.Download, f *finding.Finding) {
	client := k.x.controllerOf(k.obj)
	blocked := k.x.blockingPolicy(client, server)
	k.exam.unknown = append(k.exam.unknown, blocked.unknown...)
	if blocked.policy != nil {
		f.Ref = finding.RefOf(blocked.policy)
		f.Reason = "NetworkPolicy"
		f.Message += fmt.Sprintf("; %s does not allow connections from pods of %s to pods of %s", f.Ref, client.Name, server.Name)
		if path := "spec.policyTypes[0]"; len(field.Texts(blocked.policy.Object, "spec", "policyTypes")) > 0 {
			f.Evidence = append(f.Evidence, evidence(blocked.policy, path, field.Texts(blocked.policy.Object, "spec", "policyTypes")[0], time.Time{}))
		}
		f.Fixes = []finding.Fix{{
			Text: fmt.Sprintf("Allow %s from pods of %s to port %d of pods of %s in a NetworkPolicy of namespace %s",
				strings.ToLower(blocked.direction), client.Name, artifactPort, server.Name, blocked.policy.GetNamespace()),
			Command: "kubectl describe networkpolicies -n " + escape.ShellWord(blocked.policy.GetNamespace()), File: k.x.definedIn(blocked.policy),
		}}
		return
	}
	pods := finding.Fix{Text: "Check on which nodes the two controllers run, and test the network between those nodes (CNI plug-in, firewall)",
		Command: "kubectl get pods -o wide -n " + escape.ShellWord(server.Namespace)}
	if d.Problem == fluxmsg.DownloadRefused {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check whether Service %s has ready endpoints", server.Name),
			Command: escape.Command("kubectl get endpointslices -n %s -l kubernetes.io/service-name=%s", server.Namespace, server.Name)}, pods}
		return
	}
	f.Fixes = []finding.Fix{pods}
	if len(blocked.unknown) > 0 {
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Check whether a NetworkPolicy forbids it", Command: "kubectl get networkpolicies -n " + escape.ShellWord(server.Namespace)})
	}
}

// storeAgain fetches the source again, so that its artifact is stored again.
func (k kustomization) storeAgain() []finding.Fix {
	ref := health.SourceOf(k.obj)
	source := k.x.snap.Lookup(ref).Object
	if source == nil || fluxCommand("reconcile", source) == "" {
		return []finding.Fix{{Text: fmt.Sprintf("Check which controller writes %s, and what it reports", ref), Command: inspect(ref)}}
	}
	return []finding.Fix{{Text: fmt.Sprintf("Fetch %s again, so that its artifact is stored again", ref), Command: fluxCommand("reconcile", source)}}
}

// fullDisk reports a controller that has no space for its downloads.
func (k kustomization) fullDisk(f *finding.Finding) {
	f.Ref = k.x.controllerOf(k.obj)
	f.Fixes = []finding.Fix{{
		Text:    "Check whether its nodes have disk pressure, and enlarge the volume for /tmp of kustomize-controller",
		Command: escape.Command("kubectl describe pods -n %s -l app=%s", f.Ref.Namespace, f.Ref.Name),
	}, {Text: "Then restart it", Command: escape.Command("kubectl rollout restart deployment/%s -n %s", f.Ref.Name, cmp.Or(f.Ref.Namespace, "flux-system"))}}
}
