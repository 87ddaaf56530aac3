package explain

import (
	"maps"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// shortNames are the short names of kinds and their plurals (kubectl api-resources), for
// a recorded cluster and for a live one whose discovery has none. Two kinds may have the
// same short name.
var shortNames = map[string][]string{
	// Kubernetes
	"deploy": {"deployments"}, "sts": {"statefulsets"}, "ds": {"daemonsets"}, "rs": {"replicasets"}, "po": {"pods"}, "svc": {"services"},
	"rc": {"replicationcontrollers"}, "pvc": {"persistentvolumeclaims"}, "pv": {"persistentvolumes"}, "ns": {"namespaces"}, "no": {"nodes"},
	"quota": {"resourcequotas"}, "hpa": {"horizontalpodautoscalers"}, "sc": {"storageclasses"}, "cm": {"configmaps"}, "sa": {"serviceaccounts"},
	"cj": {"cronjobs"}, "ing": {"ingresses"}, "netpol": {"networkpolicies"}, "pdb": {"poddisruptionbudgets"}, "ep": {"endpoints"},
	"limits": {"limitranges"}, "pc": {"priorityclasses"}, "crd": {"customresourcedefinitions"}, "crds": {"customresourcedefinitions"},
	"csr": {"certificatesigningrequests"}, "ev": {"events"}, "cs": {"componentstatuses"}, "vpa": {"verticalpodautoscalers"},
	"vs": {"volumesnapshots", "virtualservices"}, "vsc": {"volumesnapshotcontents"}, "vsclass": {"volumesnapshotclasses"}, "gtw": {"gateways"},
	"gc": {"gatewayclasses"}, "refgrant": {"referencegrants"},
	// Flux
	"ks": {"kustomizations"}, "hr": {"helmreleases"}, "gitrepo": {"gitrepositories"}, "ocirepo": {"ocirepositories"}, "helmrepo": {"helmrepositories"},
	"hc": {"helmcharts"}, "imgrepo": {"imagerepositories"}, "imagerepo": {"imagerepositories"}, "imgpol": {"imagepolicies"},
	"imagepol": {"imagepolicies"}, "imgupd": {"imageupdateautomations"}, "iua": {"imageupdateautomations"},
	// cert-manager
	"cert": {"certificates"}, "certs": {"certificates"}, "cr": {"certificaterequests"}, "crs": {"certificaterequests"},
	// Istio
	"gw": {"gateways"}, "dr": {"destinationrules"}, "se": {"serviceentries"}, "ef": {"envoyfilters"}, "pa": {"peerauthentications"},
	"ap": {"authorizationpolicies"}, "ra": {"requestauthentications"}, "we": {"workloadentries"},
	// others
	"app": {"applications"}, "apps": {"applications"}, "appset": {"applicationsets"}, "ro": {"rollouts"}, "wf": {"workflows"}, "cwf": {"cronworkflows"},
	"es": {"externalsecrets"}, "ss": {"secretstores"}, "css": {"clustersecretstores"}, "so": {"scaledobjects"}, "sj": {"scaledjobs"},
	"cnp": {"ciliumnetworkpolicies"}, "ccnp": {"ciliumclusterwidenetworkpolicies"}, "cep": {"ciliumendpoints"}, "cn": {"ciliumnodes"},
	"ksvc": {"services"}, "smon": {"servicemonitors"}, "pmon": {"podmonitors"}, "prom": {"prometheuses"}, "promrule": {"prometheusrules"},
	"am": {"alertmanagers"}, "k": {"kafkas"}, "kt": {"kafkatopics"}, "ku": {"kafkausers"}, "kc": {"kafkaconnects"}, "ceph": {"cephclusters"},
	"lhv": {"volumes"}, "lhe": {"engines"}, "lhr": {"replicas"}, "vm": {"virtualmachines"}, "vmi": {"virtualmachineinstances"}, "dv": {"datavolumes"},
	"cl": {"clusters"}, "ma": {"machines"}, "ms": {"machinesets"}, "md": {"machinedeployments"}, "kcp": {"kubeadmcontrolplanes"},
	"pr": {"pipelineruns"}, "tr": {"taskruns"}, "cpol": {"clusterpolicies"}, "pol": {"policies"},
}

// ShortKind is the short name of a kind, or the kind in lower case.
func ShortKind(kind string) string {
	plural := object.PluralOf(kind)
	for _, short := range slices.Sorted(maps.Keys(shortNames)) {
		meant := shortNames[short]
		if slices.Contains(meant, plural) {
			return short
		}
	}
	return strings.ToLower(kind)
}
