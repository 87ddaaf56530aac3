package object

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestDeploymentOf removes the hash of the pod template from the name of its ReplicaSet.
func TestDeploymentOf(t *testing.T) {
	for _, c := range []struct{ replicaSet, hash, want string }{
		{"orthanc-5d9", "5d9", "orthanc"},
		{"orthanc-a-5d9", "5d9", "orthanc-a"},
		{"orthanc-5d9", "", ""},   // it was not created by a Deployment
		{"orthanc-5d9", "77", ""}, // nor was this
		{"orthanc5d9", "5d9", ""},
		{"-5d9", "5d9", ""},
	} {
		pod := &unstructured.Unstructured{}
		if c.hash != "" {
			pod.SetLabels(map[string]string{"pod-template-hash": c.hash})
		}
		if got := DeploymentOf(pod, c.replicaSet); got != c.want {
			t.Errorf("%s with the hash %q: %q, want %q", c.replicaSet, c.hash, got, c.want)
		}
	}
}
