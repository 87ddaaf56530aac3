package redact

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// kindPaths are the fields of a kind that hold text people write, in which a
// secret may stand: all scalars below them go. The API group is not looked
// at, so that no renamed or copied API slips through.
var kindPaths = map[string][]string{
	"HelmRelease": {
		"spec.values",
		"spec.postRenderers.kustomize.patches.patch",
		"spec.postRenderers.kustomize.patchesStrategicMerge",
		"spec.postRenderers.kustomize.patchesJson6902.patch",
	},
	"Kustomization": {
		"spec.postBuild.substitute",
		"spec.patches.patch",
		"spec.patchesStrategicMerge",
		"spec.patchesJson6902.patch",
	},
	// The address of a chat room's hook is all it takes to post there.
	"Provider": {"spec.address"},
	// The path holds a digest of the token, which is all it takes to call it.
	"Receiver": {"status.webhookPath", "status.url"},
	"VirtualService": {
		"spec.http.headers.*.set", "spec.http.headers.*.add",
		"spec.http.route.headers.*.set", "spec.http.route.headers.*.add",
		"spec.http.directResponse.body",
		"spec.http.match.headers.*", "spec.http.match.withoutHeaders.*", "spec.http.match.queryParams.*",
	},
	"HTTPRoute": routeHeaders,
	"GRPCRoute": routeHeaders,
	// Arbitrary proxy configuration, programs included.
	"EnvoyFilter":   {"spec.configPatches.patch.value"},
	"WasmPlugin":    {"spec.pluginConfig"},
	"Issuer":        issuerPaths,
	"ClusterIssuer": issuerPaths,
	// What a driver takes: credentials among them.
	"StorageClass":          {"parameters"},
	"VolumeAttributesClass": {"parameters"},
	"VolumeSnapshotClass":   {"parameters"},
	"PersistentVolume":      {"spec.flexVolume.options"},
	// The values of Helm charts and of other generators.
	"Application": {"spec.source.helm", "spec.sources.helm", "spec.source.plugin", "spec.sources.plugin", "spec.source.kustomize.patches.patch"},
	"Challenge":   {"spec.solver.dns01.webhook.config", "spec.key", "spec.token"},
}

// issuerPaths are identities that an issuer logs in with, and the arbitrary
// configuration of a DNS provider's webhook.
var issuerPaths = []string{
	"spec.acme.solvers.dns01.webhook.config", "spec.acme.externalAccountBinding.keyID", "spec.acme.solvers.dns01.*.clientID",
	"spec.vault.auth.appRole.roleId",
}

var routeHeaders = []string{
	"spec.rules.matches.headers.value", "spec.rules.matches.queryParams.value",
	"spec.rules.filters.*.set.value", "spec.rules.filters.*.add.value",
	"spec.rules.backendRefs.filters.*.set.value", "spec.rules.backendRefs.filters.*.add.value",
}

var splitPaths = func() map[string][][]string {
	split := map[string][][]string{}
	for kind, paths := range kindPaths {
		for _, path := range paths {
			split[kind] = append(split[kind], strings.Split(path, "."))
		}
	}
	return split
}()

// redactKind does what is particular to the kind that the map says it is.
// Objects within objects (a List, a template) come here too.
func redactKind(m map[string]any, depth int) {
	kind, _ := m["kind"].(string)
	if of, isList := strings.CutSuffix(kind, "List"); isList && storeKinds[of] {
		items, _ := m["items"].([]any)
		for _, item := range items {
			if item, ok := item.(map[string]any); ok {
				item["kind"] = of // so that the walk knows it again
			}
		}
	}
	for _, path := range splitPaths[kind] {
		blankAt(m, depth, path...)
	}
	if kind == "AuthorizationPolicy" {
		redactConditions(m, depth)
	}
}

// redactConditions takes out what an AuthorizationPolicy compares headers with: to
// send such a value is all that it takes to get in.
func redactConditions(m map[string]any, depth int) {
	spec, _ := m["spec"].(map[string]any)
	rules, _ := spec["rules"].([]any)
	for _, rule := range rules {
		rule, _ := rule.(map[string]any)
		conditions, _ := rule["when"].([]any)
		for _, condition := range conditions {
			condition, _ := condition.(map[string]any)
			key, _ := condition["key"].(string)
			if strings.HasPrefix(key, "request.headers") || strings.HasPrefix(key, "experimental.") {
				blankAt(condition, depth, "values")
				blankAt(condition, depth, "notValues")
			}
		}
	}
}

// storeKinds hold a map of names and contents, none of which is anyone's
// business.
var storeKinds = map[string]bool{"Secret": true, "ConfigMap": true}

// storeFields are the fields of them that stay; a field that is not known
// might hold anything.
var storeFields = map[string]bool{
	"apiVersion": true, "kind": true, "metadata": true, "type": true, "immutable": true,
	"data": true, "binaryData": true, "stringData": true,
}

// storesSecrets reports whether the map is such an object, and no mere
// reference to one, as in valuesFrom or an Event.
func storesSecrets(m map[string]any, at place) bool {
	kind, _ := m["kind"].(string)
	if !storeKinds[kind] || at.labels {
		return false
	}
	for _, key := range []string{"metadata", "data", "stringData", "binaryData"} {
		if _, ok := m[key]; ok {
			return true
		}
	}
	return at.depth == 1
}

func redactStore(m map[string]any, depth int) {
	secret := m["kind"] == "Secret"
	for key, value := range m {
		switch {
		case !storeFields[key]:
			delete(m, key)
		case key == "data":
			m[key] = redactData(value, depth, secret, fromBase64)
		case key == "stringData":
			m[key] = redactData(value, depth, secret, fromText)
		case key == "binaryData":
			m[key] = blank(value, depth)
		case key == "metadata":
			// The walk sees to it.
		default:
			m[key] = scalarOrRedacted(value)
		}
	}
}

func scalarOrRedacted(value any) any {
	switch v := value.(type) {
	case nil, bool:
		return v
	case string:
		return mask.Mask(v)
	}
	return mask.Redacted
}

// redactData replaces every value of the map, but for the certificates in
// "tls.crt" and "ca.crt" of a Secret, which are public.
func redactData(value any, depth int, secret bool, certificates func(string) string) any {
	data, ok := value.(map[string]any)
	if !ok {
		return blank(value, depth)
	}
	for key, content := range data {
		text, isText := content.(string)
		if secret && isText && (key == "tls.crt" || key == "ca.crt") {
			data[key] = certificates(text)
			continue
		}
		data[key] = mask.Redacted
	}
	return data
}

// fromBase64 keeps the certificates of a value as a Secret's data has it.
func fromBase64(text string) string {
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return mask.Redacted
	}
	if kept := certificatesIn(content); len(kept) > 0 {
		return base64.StdEncoding.EncodeToString(kept)
	}
	return mask.Redacted
}

func fromText(text string) string {
	if kept := certificatesIn([]byte(text)); len(kept) > 0 {
		return string(kept)
	}
	return mask.Redacted
}

// certificatesIn keeps the CERTIFICATE blocks that hold a certificate, without
// their headers and whatever stands between and beside them.
func certificatesIn(content []byte) []byte {
	var kept []byte
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			return kept
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			continue // the label is no proof of what is inside
		}
		kept = append(kept, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})...)
	}
}
