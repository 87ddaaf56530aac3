package redact

import (
	"strings"
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
