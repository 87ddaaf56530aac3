package cluster

import (
	_ "embed"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Nodes is the number of nodes of a lab.
const Nodes = 3

//go:embed roles.yaml
var roles []byte

// Roles returns the roles of the lab's own users.
func Roles() ([]*unstructured.Unstructured, error) { return Parse(roles) }

// NewNodes returns the Nodes as their kubelets would register them. The annotation makes kwok
// simulate their kubelets.
func NewNodes(annotation, version string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for i := range Nodes {
		name := fmt.Sprintf("lab-%d", i+1)
		room := map[string]any{"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
		out = append(out, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1",
			"kind":       "Node",
			"metadata": map[string]any{
				"name":        name,
				"annotations": map[string]any{annotation: "fake"},
				"labels": map[string]any{
					"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
				},
			},
			"status": map[string]any{
				"allocatable": room, "capacity": room,
				"nodeInfo": map[string]any{
					"kubeletVersion": version, "architecture": "amd64", "operatingSystem": "linux",
					"machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "kwok", "osImage": "kwok",
					"containerRuntimeVersion": "kwok://0", "kubeProxyVersion": "",
				},
			},
		}})
	}
	return out
}
