package kustomize

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// download reports an artifact that kustomize-controller can't fetch from the
// controller that stores it. The source itself is ready then; the problem is the
// connection between the two controllers, or the storage.
func download(k flux.Kustomization, build message.Build) {
	server := artifactServer(k, build.Download.URL)
	f := ownFinding(k, engine.CodeDownloadFailed, failedAt(k, "ArtifactFailed"))
	f.Message = fmt.Sprintf("%s can't fetch the artifact of %s from %s: %s", object.RefOf(k.Obj), health.SourceOf(k.Obj), server.Name, downloadProblem(build.Download))
	f.Evidence = append(f.Evidence, sourceRevision(k)...)
	if build.Download.Problem == message.DownloadStorage {
		fullDisk(k, &f)
		report(k, f)
		return
	}
	if flux.NotReady(k.X, server) {
		k.Result.Blame = append(k.Result.Blame, server)
	}
	if artifactService(k, server, &f) {
		report(k, f)
		return
	}
	switch build.Download.Problem {
	case message.DownloadNotFound, message.DownloadDigest:
		f.Fixes = storeAgain(k)
	case message.DownloadHTTP:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Read the log of %s: it answers, but not with the artifact", server.Name),
			Command: escape.Command("kubectl logs deployment/%s -n %s --since=15m", server.Name, server.Namespace)}}
	case message.DownloadDNS:
		f.Fixes = []finding.Fix{{Text: "Check whether the DNS of the cluster runs, and whether the pods of kustomize-controller can reach it", Command: "kubectl get pods -n kube-system -l k8s-app=kube-dns"}}
	default:
		unreached(k, server, build.Download, &f)
	}
	report(k, f)
}

// downloadProblem describe the problem in a clause.
func downloadProblem(d message.Download) string {
	switch d.Problem {
	case message.DownloadRefused:
		return "the connection is refused"
	case message.DownloadTimeout:
		return "nothing answers"
	case message.DownloadDNS:
		return "its host name can't be resolved"
	case message.DownloadNotFound:
		return "it is not in the storage"
	case message.DownloadDigest:
		return "it does not have the digest that the source's status names"
	case message.DownloadStorage:
		return "there is no space for it on the disk of kustomize-controller"
	case message.DownloadHTTP:
		return fmt.Sprintf("it answers with status %d", d.HTTPStatus)
	}
	return "the download fails"
}

// artifactServer is the Deployment that serves an artifact, named by the host of its
// URL, "source-controller.flux-system.svc.cluster.local.".
func artifactServer(k flux.Kustomization, address string) object.Ref {
	ref := object.Ref{APIVersion: "apps/v1", Kind: object.DeploymentKind.Kind, Namespace: k.Obj.GetNamespace(), Name: "source-controller"}
	if address == "" {
		if source := k.X.Snap.Lookup(health.SourceOf(k.Obj)).Object; source != nil {
			address = object.Text(source.Object, "status", "artifact", "url")
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
func artifactService(k flux.Kustomization, server object.Ref, f *finding.Finding) bool {
	service := object.Ref{APIVersion: "v1", Kind: object.ServiceKind.Kind, Namespace: server.Namespace, Name: server.Name}
	if k.X.Snap.Lookup(service).Presence != snapshot.Absent {
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
func unreached(k flux.Kustomization, server object.Ref, d message.Download, f *finding.Finding) {
	client := flux.ControllerOf(k.X, k.Obj)
	blocked := traffic.BlockingPolicy(k.X, client, server)
	k.Result.Unknown = append(k.Result.Unknown, blocked.Unknown...)
	if blocked.Policy != nil {
		f.Ref = object.RefOf(blocked.Policy)
		f.Reason = "NetworkPolicy"
		f.Message += fmt.Sprintf("; %s does not allow connections from pods of %s to pods of %s", f.Ref, client.Name, server.Name)
		if path := "spec.policyTypes[0]"; len(object.Texts(blocked.Policy.Object, "spec", "policyTypes")) > 0 {
			f.Evidence = append(f.Evidence, engine.Evidence(blocked.Policy, path, object.Texts(blocked.Policy.Object, "spec", "policyTypes")[0], time.Time{}))
		}
		f.Fixes = []finding.Fix{{
			Text: fmt.Sprintf("Allow %s from pods of %s to port %d of pods of %s in a NetworkPolicy of namespace %s",
				strings.ToLower(blocked.Direction), client.Name, traffic.ArtifactPort, server.Name, blocked.Policy.GetNamespace()),
			Command: "kubectl describe networkpolicies -n " + escape.ShellWord(blocked.Policy.GetNamespace()), File: k.X.DefinedIn(blocked.Policy),
		}}
		return
	}
	pods := finding.Fix{Text: "Check on which nodes the two controllers run, and test the network between those nodes (CNI plug-in, firewall)",
		Command: "kubectl get pods -o wide -n " + escape.ShellWord(server.Namespace)}
	if d.Problem == message.DownloadRefused {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check whether Service %s has ready endpoints", server.Name),
			Command: escape.Command("kubectl get endpointslices -n %s -l kubernetes.io/service-name=%s", server.Namespace, server.Name)}, pods}
		return
	}
	f.Fixes = []finding.Fix{pods}
	if len(blocked.Unknown) > 0 {
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Check whether a NetworkPolicy forbids it", Command: "kubectl get networkpolicies -n " + escape.ShellWord(server.Namespace)})
	}
}

// storeAgain fetches the source again, so that its artifact is stored again.
func storeAgain(k flux.Kustomization) []finding.Fix {
	ref := health.SourceOf(k.Obj)
	source := k.X.Snap.Lookup(ref).Object
	if source == nil || flux.Command("reconcile", source) == "" {
		return []finding.Fix{{Text: fmt.Sprintf("Check which controller writes %s, and what it reports", ref), Command: flux.DescribeCommand(ref)}}
	}
	return []finding.Fix{{Text: fmt.Sprintf("Fetch %s again, so that its artifact is stored again", ref), Command: flux.Command("reconcile", source)}}
}

// fullDisk reports a controller that has no space for its downloads.
func fullDisk(k flux.Kustomization, f *finding.Finding) {
	f.Ref = flux.ControllerOf(k.X, k.Obj)
	f.Fixes = []finding.Fix{{
		Text:    "Check whether its nodes have disk pressure, and enlarge the volume for /tmp of kustomize-controller",
		Command: escape.Command("kubectl describe pods -n %s -l app=%s", f.Ref.Namespace, f.Ref.Name),
	}, {Text: "Then restart it", Command: escape.Command("kubectl rollout restart deployment/%s -n %s", f.Ref.Name, cmp.Or(f.Ref.Namespace, "flux-system"))}}
}
