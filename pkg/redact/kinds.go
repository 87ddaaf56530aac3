package redact

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// kindPaths are the fields of a kind that contain text of users, and may contain a secret:
// all scalars below them are removed. The API group is ignored, so that renamed and copied
// APIs are included.
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
	// The address of a chat room's webhook is sufficient to post there.
	"Provider": {"spec.address"},
	// The path contains a digest of the token, which is sufficient to call it.
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
	// The parameters of a driver, which may contain credentials.
	"StorageClass":          {"parameters"},
	"VolumeAttributesClass": {"parameters"},
	"VolumeSnapshotClass":   {"parameters"},
	"PersistentVolume":      {"spec.flexVolume.options"},
	// The values of Helm charts and of other generators.
	"Application": {"spec.source.helm", "spec.sources.helm", "spec.source.plugin", "spec.sources.plugin", "spec.source.kustomize.patches.patch"},
	"Challenge":   {"spec.solver.dns01.webhook.config", "spec.key", "spec.token"},
}

// issuerPaths are the identities with which an issuer logs in, and the arbitrary
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

// redactKind applies the rules for the kind of the map, also to objects within objects (a
// List, a template).
func redactKind(m map[string]any, depth int) {
	kind, _ := m["kind"].(string)
	if of, isList := strings.CutSuffix(kind, "List"); isList && storeKinds[of] {
		items, _ := m["items"].([]any)
		for _, item := range items {
			if item, ok := item.(map[string]any); ok {
				item["kind"] = of // so that the walk recognizes its kind
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

// redactConditions removes the values that an AuthorizationPolicy compares headers with: a
// client that sends such a value is authorized.
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

// storeKinds are the kinds with a map of names and contents, all of which are removed.
var storeKinds = map[string]bool{"Secret": true, "ConfigMap": true}

// storeFields are the fields of these kinds that stay; a field that is not known may contain
// anything.
var storeFields = map[string]bool{
	"apiVersion": true, "kind": true, "metadata": true, "type": true, "immutable": true,
	"data": true, "binaryData": true, "stringData": true,
}

// storesSecrets reports whether the map is such an object, and not a reference to one, as in
// valuesFrom or an Event.
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
			// The walk redacts it.
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

// redactData replaces every value of the map, except the certificates in "tls.crt" and
// "ca.crt" of a Secret, which are public.
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

// fromBase64 keeps the certificates of a value in base64, as in the data of a Secret.
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

// certificatesIn keeps the CERTIFICATE blocks that contain a certificate, without their
// headers and the text around them.
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
			continue // the label does not prove the content
		}
		kept = append(kept, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})...)
	}
}
