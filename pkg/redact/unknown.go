package redact

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
)

// knownKinds are the kinds whose fields the program reads, and whose secrets are known: they
// have their own rules. Of any other kind, all free text is removed. A test of the explainers
// compares the list with the kinds that they read.
var knownKinds = map[string][]string{
	"":                             {"ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod", "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount"},
	"acme.cert-manager.io":         {"Challenge", "Order"},
	"admissionregistration.k8s.io": {"MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"},
	"apiextensions.k8s.io":         {"CustomResourceDefinition"},
	"apiregistration.k8s.io":       {"APIService"},
	"apps":                         {"ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"argoproj.io":                  {"Application"},
	"autoscaling":                  {"HorizontalPodAutoscaler"},
	"batch":                        {"CronJob", "Job"},
	"cert-manager.io":              {"Certificate", "CertificateRequest", "ClusterIssuer", "Issuer"},
	"certificates.k8s.io":          {"CertificateSigningRequest"},
	"coordination.k8s.io":          {"Lease"},
	"discovery.k8s.io":             {"EndpointSlice"},
	"gateway.networking.k8s.io":    {"GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant", "TCPRoute", "TLSRoute", "UDPRoute"},
	"helm.toolkit.fluxcd.io":       {"HelmRelease"},
	"kustomize.toolkit.fluxcd.io":  {"Kustomization"},
	"networking.istio.io":          {"DestinationRule", "Gateway", "ServiceEntry", "VirtualService"},
	"networking.k8s.io":            {"Ingress", "IngressClass", "NetworkPolicy"},
	"openreports.io":               {"ClusterReport", "Report"},
	"policy":                       {"PodDisruptionBudget"},
	"policy.cert-manager.io":       {"CertificateRequestPolicy"},
	"resource.k8s.io":              {"ResourceClaim"},
	"scheduling.k8s.io":            {"PriorityClass"},
	"security.istio.io":            {"AuthorizationPolicy", "PeerAuthentication"},
	"snapshot.storage.k8s.io":      {"VolumeSnapshot", "VolumeSnapshotContent"},
	"source.toolkit.fluxcd.io":     {"Bucket", "ExternalArtifact", "GitRepository", "HelmChart", "HelmRepository", "OCIRepository"},
	"storage.k8s.io":               {"CSIDriver", "StorageClass", "VolumeAttachment"},
	"wgpolicyk8s.io":               {"ClusterPolicyReport", "PolicyReport"},
}

// unreadKinds are also known: no explainer reads their fields, but they have their own rules.
var unreadKinds = map[string][]string{
	"":                               {"List"},
	"events.k8s.io":                  {"Event"}, // as Event of the core group
	"extensions.istio.io":            {"WasmPlugin"},
	"networking.istio.io":            {"EnvoyFilter"},
	"notification.toolkit.fluxcd.io": {"Alert", "Provider", "Receiver"},
	"apps":                           {"ControllerRevision"},
}

// KnownKinds are the kinds whose fields the program reads, by group and kind.
func KnownKinds() []schema.GroupKind {
	var kinds []schema.GroupKind
	for group, names := range knownKinds {
		for _, name := range names {
			kinds = append(kinds, schema.GroupKind{Group: group, Kind: name})
		}
	}
	slices.SortFunc(kinds, func(a, b schema.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
	return kinds
}

// isUnknown reports whether the map is an object of a kind that is not known.
func isUnknown(m map[string]any) bool {
	version, _ := m["apiVersion"].(string)
	kind, _ := m["kind"].(string)
	if kind == "" || version == "" {
		return false
	}
	group, _, _ := strings.Cut(version, "/")
	if !strings.Contains(version, "/") {
		group = ""
	}
	if slices.Contains(knownKinds[group], kind) || slices.Contains(unreadKinds[group], kind) {
		return false
	}
	of, isList := strings.CutSuffix(kind, "List")
	return !isList || !slices.Contains(knownKinds[group], of)
}

// redactUnknown redacts an object of an unknown kind: its structure, names, references and
// conditions stay, and so do numbers, times and quantities. All other text is removed,
// because nothing shows what is secret in it.
func redactUnknown(m map[string]any, depth int) {
	for key, value := range m {
		switch key {
		case "apiVersion", "kind":
			m[key] = redactValue(value, place{depth: depth + 1})
		case "metadata":
			m[key] = redactField(key, value, place{depth: depth})
		default:
			m[key] = redactStrict(value, strictPlace{key: key, depth: depth + 1, status: key == "status", opaque: opaqueMaps[key], sensitive: sensitive.Key(key)})
		}
	}
}

// strictPlace is the position of the walk in an object of an unknown kind.
type strictPlace struct {
	key   string
	depth int
	// status: below status, which controllers write.
	status bool
	// opaque: keys are names that users chose, and do not describe the values.
	opaque bool
	// sensitive: the key names a secret.
	sensitive bool
}

func (p strictPlace) under(key string) strictPlace {
	return strictPlace{
		key: key, depth: p.depth + 1, status: p.status,
		opaque:    p.opaque || opaqueMaps[key] && !p.status,
		sensitive: sensitive.Key(key) || p.sensitive && holdsValue[key],
	}
}

// opaqueMaps are fields whose content users define.
var opaqueMaps = map[string]bool{
	"data": true, "stringData": true, "binaryData": true, "config": true, "configuration": true, "values": true, "parameters": true,
	"settings": true, "options": true, "env": true, "properties": true, "attributes": true, "secrets": true, "credentials": true, "users": true,
	"headers": true, "encryptedData": true, "inline": true, "raw": true, "customRequestHeaders": true, "customResponseHeaders": true,
}

func redactStrict(value any, at strictPlace) any {
	switch v := value.(type) {
	case string:
		return strictText(v, at)
	case map[string]any:
		if at.depth >= mask.MaxDepth {
			return mask.Redacted
		}
		if at.key == "metadata" && !at.opaque {
			return redactField("metadata", value, place{depth: at.depth - 1})
		}
		if labelMaps[at.key] && !at.opaque {
			return redactValue(value, place{depth: at.depth, labels: true})
		}
		delete(v, "managedFields")
		for key, inner := range v {
			v[key] = redactStrict(inner, at.under(key))
		}
		return v
	case []any:
		element := at
		element.depth++
		return redactList(v, element.depth, func(inner any) any { return redactStrict(inner, element) })
	default:
		return redactValue(value, place{depth: at.depth, sensitive: at.sensitive})
	}
}

func strictText(text string, at strictPlace) string {
	switch {
	case at.sensitive:
		return mask.Redacted
	case text == "" || isMeasure(text):
		return text
	case at.opaque:
		return mask.Redacted
	case at.status && isMessage(at.key):
		return mask.Mask(text)
	case isIdentifier(at.key) && hasNameShape(text) && mask.Mask(text) == text:
		return text
	}
	return mask.Redacted
}

// isMessage reports whether a field of a status is a controller's message about the object.
func isMessage(key string) bool {
	return messageKeys.MatchEnd(key)
}

var messageKeys = sensitive.NewWords("message", "messages", "reason", "error", "errors", "warning", "warnings", "phase", "state", "status", "health", "robustness", "compliant", "type",
	"condition", "statusreplicas", "level", "result", "severity", "policy", "rule")

// isIdentifier reports whether a field names an object, a type or a state.
func isIdentifier(key string) bool {
	if identifiers[key] {
		return true
	}
	for _, end := range []string{"Name", "Names", "Ref", "Refs", "Reference", "Namespace", "Namespaces", "Kind", "Group", "Version", "Type", "Time", "Class", "Revision", "Policy"} {
		if strings.HasSuffix(key, end) {
			return true
		}
	}
	return false
}

var identifiers = map[string]bool{
	"kind": true, "apiVersion": true, "apiGroup": true, "name": true, "namespace": true, "group": true, "version": true, "resource": true, "resources": true, "uid": true,
	"type": true, "status": true, "reason": true, "phase": true, "state": true, "ref": true, "key": true, "fieldPath": true, "verb": true, "verbs": true,
	"mode": true, "operator": true, "scope": true, "provider": true, "finalizers": true,
}

// hasNameShape reports whether the text may be a name: letters, digits and the characters
// that join them, without blanks.
func hasNameShape(text string) bool {
	if len(text) > 253 {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !mask.IsAlnum(c) && strings.IndexByte("-._/:@[]*", c) < 0 {
			return false
		}
	}
	return true
}

// isMeasure reports whether the text is a number, a share, a quantity, a duration, a
// time or a boolean: 1/3, 25%, 10Gi, 1h30m, 2026-05-04T12:00:00Z.
func isMeasure(text string) bool {
	switch text {
	case "true", "false", "True", "False", "Unknown", mask.Redacted:
		return true
	}
	if len(text) >= len("2006-01-02T15:04:05Z") && len(text) <= len("2006-01-02T15:04:05.000000000+00:00") && text[4] == '-' && text[10] == 'T' {
		return strings.Trim(text, "0123456789-:.+TZ") == ""
	}
	if len(text) > len("100000000Gi") || text[0] < '0' || text[0] > '9' {
		return false
	}
	if mask.IsDigits(text) {
		return len(text) <= len("65535")
	}
	letters := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9' || c == '.' || c == '/' || c == '%':
			letters = 0
		case strings.IndexByte("numkKMGTPEish", c) >= 0:
			if letters++; letters > len("Gi") {
				return false
			}
		default:
			return false
		}
	}
	return true
}
