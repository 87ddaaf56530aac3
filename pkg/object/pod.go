package object

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// DeploymentOf is the name of the Deployment that a pod's ReplicaSet belongs to, empty if a
// Deployment did not create it. A ReplicaSet is named after its Deployment and the hash of
// the pod template, which every pod has as a label (kubernetes v1.36,
// pkg/controller/deployment/sync.go), so ReplicaSets need not be read.
func DeploymentOf(pod *unstructured.Unstructured, replicaSet string) string {
	hash := pod.GetLabels()["pod-template-hash"]
	name, cut := strings.CutSuffix(replicaSet, "-"+hash)
	if !cut || hash == "" {
		return ""
	}
	return name
}
