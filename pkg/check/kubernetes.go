package check

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	semver "k8s.io/apimachinery/pkg/util/version"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

var kubernetesTests = []test{
	{"kubernetes-version", kubernetesVersion},
	{"client-version", clientVersion},
	{"nodes-ready", nodesReady},
	{"kubelet-version", kubeletVersion},
	{"default-storage-class", defaultStorageClass},
	{"load-balancer", loadBalancer},
}

var noServerVersion = unknown(finding.Fix{Text: "Run the check on the cluster, without --from"}, "the recording does not have the API server's version")

// server is the API server's version, nil if it is not known.
func (c *cluster) server() *semver.Version {
	v, err := semver.ParseGeneric(c.Snap.Meta().Server)
	if err != nil {
		return nil
	}
	return v
}

// kubernetesVersion compares the API server with what Flux requires: the installed Flux, or
// the newest that the plugin knows.
func kubernetesVersion(c *cluster) Check {
	server := c.server()
	if server == nil {
		if text := c.Snap.Meta().Server; text != "" {
			return unknown(finding.Fix{Text: "Check the version with 'kubectl version'"}, "the API server's version %q can't be compared", text)
		}
		return noServerVersion
	}
	required, flux := requiredKubernetes(c.fluxInstalled())
	if Minor(server).LessThan(required) {
		return fail(finding.Fix{Text: "Upgrade Kubernetes to " + minorText(required) + " or later"},
			"%s is too old: Flux %s requires %s or later", c.Snap.Meta().Server, flux, minorText(required))
	}
	return pass("%s (Flux %s requires %s or later)", c.Snap.Meta().Server, flux, minorText(required))
}

// clientVersion compares the plugin's Kubernetes client with the server.
func clientVersion(c *cluster) Check {
	server := c.server()
	client, err := semver.ParseGeneric(c.Client)
	switch {
	case c.Snap.Meta().Server == "":
		return noServerVersion
	case err != nil:
		return Check{} // a build without the version of its client, as a test is
	case server == nil:
		return kubernetesVersion(c)
	}
	if skew := ClientSkew(c.Client, c.Snap.Meta().Server); skew != "" {
		return warn(finding.Fix{Text: "Use a version of the plugin that was built for this Kubernetes version"}, "%s", skew)
	}
	return pass("the plugin's Kubernetes client is %s, the server %s", minorText(client), minorText(server))
}

// schedulable reports whether pods without tolerations may be scheduled on a node now.
func schedulable(node *unstructured.Unstructured) bool {
	if !object.ConditionOf(node, "Ready").Is("True") || object.Bool(node.Object, "spec", "unschedulable") {
		return false
	}
	return !slices.ContainsFunc(object.List(node.Object, "spec", "taints"), func(taint map[string]any) bool {
		return object.Text(taint, "effect") != "PreferNoSchedule"
	})
}

func nodesReady(c *cluster) Check {
	nodes, unread := c.list(object.NodeKind)
	if unread != nil {
		return *unread
	}
	var notReady []string
	usable := 0
	for _, node := range nodes {
		if !object.ConditionOf(node, "Ready").Is("True") {
			notReady = append(notReady, node.GetName())
		}
		if schedulable(node) {
			usable++
		}
	}
	var fix finding.Fix
	if len(notReady) > 0 {
		fix = finding.Fix{Text: "Find out why the node is not ready", Command: escape.Command("kubectl orthweb explain node/%s", notReady[0])}
	}
	switch {
	case len(nodes) == 0:
		return fail(finding.Fix{Text: "Add a node to the cluster"}, "the cluster has no nodes")
	case usable == 0 && len(notReady) == 0:
		return fail(finding.Fix{Text: "Uncordon a node, or remove its taint", Command: "kubectl get nodes"}, "all nodes are cordoned or tainted: %s", names(namesOf(nodes)))
	case usable == 0:
		return fail(fix, "no node is ready and schedulable; not ready: %s", names(notReady))
	case len(notReady) > 0:
		return warn(fix, "%d of %s not ready: %s", len(notReady), finding.Count(len(nodes), "node"), names(notReady))
	}
	return pass("%s ready, %d schedulable", finding.Count(len(nodes), "node"), usable)
}

// oldestKubelet is how many minor versions a kubelet may be older than the API server; it must
// not be newer (kubernetes.io/releases/version-skew-policy, kubelet, since 1.28).
const oldestKubelet = 3

func kubeletVersion(c *cluster) Check {
	server := c.server()
	if server == nil {
		return noServerVersion
	}
	nodes, unread := c.list(object.NodeKind)
	if unread != nil {
		return *unread
	}
	if len(nodes) == 0 {
		return Check{} // nodes-ready reports it
	}
	var outside []string
	for _, node := range nodes {
		text := object.Text(node.Object, "status", "nodeInfo", "kubeletVersion")
		kubelet, err := semver.ParseGeneric(text)
		switch {
		case err != nil:
			return unknown(finding.Fix{Text: "Check the node", Command: describe(node)}, "the kubelet of node %s has not reported its version", node.GetName())
		case kubelet.Major() != server.Major(), Minor(server).LessThan(Minor(kubelet)), kubelet.Minor()+oldestKubelet < server.Minor():
			outside = append(outside, node.GetName()+" "+text)
		}
	}
	if len(outside) > 0 {
		return fail(finding.Fix{Text: "Upgrade the kubelets that are more than three minor versions older; upgrade the API server before kubelets"},
			"Kubernetes does not support these kubelets with an API server of %s: %s", minorText(server), names(outside))
	}
	return pass("all kubelets are compatible with Kubernetes %s", minorText(server))
}

// defaultAnnotations mark the default StorageClass (kubernetes v1.36,
// pkg/volume/util/storageclass.go); the second is the former name.
var defaultAnnotations = []string{"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}

// defaultStorageClass checks for the class that the volumes of the tenants' databases use:
// Korthweb's charts name none.
func defaultStorageClass(c *cluster) Check {
	classes, unread := c.list(object.StorageClassKind)
	if unread != nil {
		return *unread
	}
	var all, defaults []string
	for _, class := range classes {
		all = append(all, class.GetName())
		if slices.ContainsFunc(defaultAnnotations, func(key string) bool { return class.GetAnnotations()[key] == "true" }) {
			defaults = append(defaults, class.GetName())
		}
	}
	switch {
	case len(all) == 0:
		return fail(finding.Fix{Text: "Install a volume provisioner with a default StorageClass"}, "the cluster has no StorageClass: the volumes of databases stay Pending")
	case len(defaults) == 0:
		return fail(finding.Fix{Text: "Mark a StorageClass as the default", Command: escape.Command("kubectl annotate storageclass %s %s=true --overwrite", all[0], defaultAnnotations[0])},
			"none of %s is the default (%s): the volumes of databases stay Pending", finding.Count(len(all), "StorageClass"), names(all))
	case len(defaults) > 1:
		return warn(finding.Fix{Text: "Remove the annotation " + defaultAnnotations[0] + " from all but one"},
			"%d StorageClasses are the default; Kubernetes uses the newest: %s", len(defaults), names(defaults))
	}
	return pass("%s is the default", strings.Join(defaults, ", "))
}
