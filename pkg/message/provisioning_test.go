package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
)

func TestResize(t *testing.T) {
	for message, want := range map[string]kubelet.ProvisioningProblem{
		`failed to expand pvc with rpc error: code = OutOfRange desc = requested size exceeds the limit of 16Gi`:                                                                                                       kubelet.ProvisioningCapacity,
		`resize volume "pvc-1" by resizer "x" failed: rpc error: code = ResourceExhausted desc = quota exceeded`:                                                                                                       kubelet.ProvisioningCapacity,
		`resize volume "pvc-1" by resizer "ebs.csi.aws.com" failed: rpc error: code = Internal desc = Could not resize volume "vol-1": VolumeModificationRateExceeded: You have reached the maximum modification rate`: kubelet.ProvisioningTimeout,
		`failed to expand pvc with rpc error: code = Unavailable desc = dial tcp: connection refused`:                                                                                                                  kubelet.ProvisioningTimeout,
		`it broke`: kubelet.ProvisioningOther,
	} {
		if got, _ := kubelet.ParseResize(message); got.Problem != want {
			t.Errorf("%s\nis %s, want %s", message, got.Problem, want)
		}
	}
}

func TestProvisioning(t *testing.T) {
	said := func(from, why string, problem kubelet.ProvisioningProblem) one[kubelet.Provisioning] {
		return one[kubelet.Provisioning]{from, `failed to provision volume with StorageClass "fast": ` + why, kubelet.Provisioning{Problem: problem, Detail: why}}
	}
	check(t, kubelet.ParseProvisioning, []one[kubelet.Provisioning]{
		said("rancher/local-path-provisioner v0.0.32", "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes", kubelet.ProvisioningAccessMode),
		said("aws-ebs-csi-driver v1.50", "rpc error: code = InvalidArgument desc = Volume capabilities MULTI_NODE_MULTI_WRITER not supported. Only AccessModes[ReadWriteOnce] supported.", kubelet.ProvisioningAccessMode),
		said("CSI specification 1.11", "rpc error: code = ResourceExhausted desc = not enough free capacity", kubelet.ProvisioningCapacity),
		said("gcp-pd-csi-driver v1.20", "rpc error: code = ResourceExhausted desc = CreateVolume failed: googleapi: Error 403: Quota 'SSD_TOTAL_GB' exceeded", kubelet.ProvisioningCapacity),
		said("aws-ebs-csi-driver v1.50", "rpc error: code = Internal desc = Could not create volume: UnauthorizedOperation: You are not authorized to perform this operation", kubelet.ProvisioningDenied),
		said("external-provisioner v5.3, topology.go", "error generating accessibility requirements: no available topology found", kubelet.ProvisioningTopology),
		said("CSI specification 1.11", "rpc error: code = InvalidArgument desc = unknown type", kubelet.ProvisioningParameters),
		said("gRPC", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", kubelet.ProvisioningTimeout),
		said("a driver of one's own", "it broke", kubelet.ProvisioningOther),
		{"without a class", "failed to provision volume: quota of the cloud is used up", kubelet.Provisioning{Problem: kubelet.ProvisioningCapacity, Detail: "quota of the cloud is used up"}},
		{"another event's", `storageclass.storage.k8s.io "fast" not found`, kubelet.Provisioning{}},
		{"nothing", ``, kubelet.Provisioning{}},
	})
}
