package parts

import (
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

// NodeAnnotation marks the nodes that kwok simulates.
const NodeAnnotation = "kwok.x-k8s.io/node"

// Kwok simulates the kubelets of the nodes. Its Stages are objects in the cluster, so that a
// fault can be simulated without a restart: after a restart, the old process would own the
// nodes' leases for 40 seconds.
func (c Config) Kwok() Part {
	return Part{
		Name:   "kwok",
		Args:   []string{"--kubeconfig=" + c.Files.Kubeconfigs["kwok"], "--config=" + c.path("kwok.yaml")},
		Ports:  []string{"kwok"},
		Health: c.url("kwok", "/healthz"),
	}
}

// WriteKwok writes kwok's configuration. The numbers are those of its module's
// kustomize/kwok/kwok.yaml at v0.8.0; a kwok that was built from the module has no defaults and
// refuses to start without them.
func (c Config) WriteKwok() error {
	data, err := yaml.Marshal(map[string]any{
		"apiVersion": "config.kwok.x-k8s.io/v1alpha1",
		"kind":       "KwokConfiguration",
		"options": map[string]any{
			"enableCRDs":                        []string{"Stage", "PortForward", "Logs", "ClusterLogs"},
			"enableDebuggingHandlers":           true, // the port that serves port-forward and logs
			"manageNodesWithAnnotationSelector": NodeAnnotation + "=fake",
			"cidr":                              "10.244.0.0/16",
			"nodeIP":                            "127.0.0.1",
			"nodePort":                          c.Ports.Number("kwok"),
			"serverAddress":                     c.Ports.Addr("kwok"),
			"tlsCertFile":                       c.Files.Serving,
			"tlsPrivateKeyFile":                 c.Files.ServingKey,
			"nodeLeaseDurationSeconds":          40,
			"nodeLeaseParallelism":              4,
			"nodePlayStageParallelism":          4,
			"podPlayStageParallelism":           4,
			"podsOnNodeSyncParallelism":         4,
			"enablePodsOnNodeSyncListPager":     false,
			"enablePodsOnNodeSyncStreamWatch":   true,
			"enableProfilingHandler":            false,
		},
	})
	if err != nil {
		return fmt.Errorf("encoding kwok's configuration: %w", err)
	}
	if err := os.WriteFile(c.path("kwok.yaml"), data, 0o600); err != nil {
		return fmt.Errorf("writing kwok's configuration: %w", err)
	}
	return nil
}
