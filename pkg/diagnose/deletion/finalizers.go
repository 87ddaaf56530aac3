package deletion

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// kindIn is a kind in a namespace; "" means all namespaces.
type kindIn struct {
	kind      schema.GroupKind
	namespace string
}

// Kubernetes' own finalizers (k8s.io/api v0.36 core/v1 and apimachinery
// meta/v1; pkg/volume/util/finalizer.go of k8s.io/kubernetes 1.36).
const (
	claimProtection  = "kubernetes.io/pvc-protection"
	volumeProtection = "kubernetes.io/pv-protection"
	foreground       = "foregroundDeletion"
	jobTracking      = "batch.kubernetes.io/job-tracking"
	instanceCleanup  = "customresourcecleanup.apiextensions.k8s.io"
	fluxFinalizer    = "finalizers.fluxcd.io"
)

// finalizer determines what one of the finalizers of the object waits for.
func (t *termination) finalizer(name string) {
	switch name {
	case claimProtection:
		t.claimInUse()
	case volumeProtection:
		t.volumeInUse()
	case foreground:
		t.dependents()
	case instanceCleanup:
		t.instances()
	case fluxFinalizer:
		t.flux()
	case "orphan", jobTracking, "kubernetes":
		t.addReason("kube-controller-manager has not removed finalizer %s", name)
		t.inspect("Check its events, and whether kube-controller-manager works")
	default:
		t.otherFinalizer(name)
	}
}

// program removes finalizers: a Deployment, StatefulSet or DaemonSet of this name,
// usually in this namespace.
type program struct {
	name, namespace string
	// lost is what stays behind if its finalizer is removed manually.
	lost string
}

// programs are identified by their finalizers, or by the end of these.
var programs = []struct {
	ends string
	program
}{
	// cert-manager 1.18, pkg/apis/acme/v1/const.go; before 1.17 the first.
	{"finalizer.acme.cert-manager.io", program{"cert-manager", "cert-manager", "the DNS record or the pods of the challenge"}},
	{"acme.cert-manager.io/finalizer", program{"cert-manager", "cert-manager", "the DNS record or the pods of the challenge"}},
	{"istio-finalizer.install.istio.io", program{"istio-operator", "istio-operator", "what the operator installed"}},
	{"resources-finalizer.argocd.argoproj.io", program{"argocd-application-controller", "argocd", "what the application installed"}},
	{"longhorn.io", program{"longhorn-manager", "longhorn-system", "the volume's data on the nodes' disks"}},
	{"elbv2.k8s.aws/resources", program{"aws-load-balancer-controller", "kube-system", "the load balancer in the cloud, which costs money"}},
	{"service.k8s.aws/resources", program{"aws-load-balancer-controller", "kube-system", "the load balancer in the cloud, which costs money"}},
}

// programOf is the program that is known to remove a finalizer.
func programOf(finalizer string) (program, bool) {
	for _, known := range programs {
		if finalizer == known.ends || strings.HasSuffix(finalizer, "."+known.ends) {
			return known.program, true
		}
	}
	return program{}, false
}

// otherFinalizer reports a finalizer that is neither built in nor of Flux. Its name shows, or
// may show, which program sets it.
func (t *termination) otherFinalizer(name string) {
	known, ok := programOf(name)
	switch {
	case ok:
		t.heldBy(name, known, false)
	case name == "service.kubernetes.io/load-balancer-cleanup":
		// k8s.io/cloud-provider v0.36, service/helpers.
		t.addReason("finalizer %s is removed by the load balancer controller of the cluster after it has deleted the load balancer", name)
		t.inspect("Read the events of the Service from that controller")
	case strings.HasPrefix(name, "external-attacher/"), strings.HasPrefix(name, "external-provisioner."), strings.HasPrefix(name, "snapshot.storage.kubernetes.io/"):
		t.storageDriver(name)
	default:
		t.guessed(name)
	}
}

// guessed finds a workload that is named after the domain of a finalizer.
func (t *termination) guessed(name string) {
	words := finalizerWords(name)
	found, complete := t.workloadNamed(words)
	switch {
	case found.Name != "":
		t.heldBy(name, program{name: found.Name, namespace: found.Namespace}, true)
	case complete && len(words) > 0:
		t.addReason("finalizer %s is removed by a controller, and no Deployment, StatefulSet or DaemonSet is named after %s: it may have been uninstalled",
			name, strings.Join(words, " or "))
		t.fix(finding.Fix{Text: "Find out which program sets this finalizer, and install it again, so that it cleans up", Command: "kubectl get deployments,statefulsets,daemonsets -A"})
		t.byHand(name, "what that program created outside of this object remains")
	default:
		t.addReason("finalizer %s has not been removed by its controller", name)
		t.inspect("Find out which program sets this finalizer, and read its log")
	}
}

// byHand is the removal of a finalizer, as the last resort.
func (t *termination) byHand(finalizer, lost string) {
	t.last = append(t.last, finding.Fix{Text: "Only if that is impossible, remove finalizer " + finalizer + " manually; its cleanup is lost: " + lost})
}

// commonWords are in the finalizers of many programs.
var commonWords = []string{"finalizer", "finalizers", "cleanup", "controller", "operator", "resources", "kubernetes", "protection", "deletion"}

// finalizerWords are the words of a finalizer that may name its program:
// "cleanup.databases.acme.io/finalizer" gives acme and databases.
func finalizerWords(name string) []string {
	domain, rest, _ := strings.Cut(name, "/")
	if at := strings.LastIndex(domain, "."); at >= 0 {
		domain = domain[:at]
	}
	words := flux.GroupWords(domain)
	for _, word := range strings.FieldsFunc(rest, func(r rune) bool { return r == '/' || r == '.' }) {
		if len(word) > 4 {
			words = append(words, word)
		}
	}
	return slices.DeleteFunc(words, func(word string) bool { return slices.Contains(commonWords, word) })
}
