package kubelet

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
)

func TestResize(t *testing.T) {
	for message, want := range map[string]ProvisioningProblem{
		`failed to expand pvc with rpc error: code = OutOfRange desc = requested size exceeds the limit of 16Gi`:                                                                                                       ProvisioningCapacity,
		`resize volume "pvc-1" by resizer "x" failed: rpc error: code = ResourceExhausted desc = quota exceeded`:                                                                                                       ProvisioningCapacity,
		`resize volume "pvc-1" by resizer "ebs.csi.aws.com" failed: rpc error: code = Internal desc = Could not resize volume "vol-1": VolumeModificationRateExceeded: You have reached the maximum modification rate`: ProvisioningTimeout,
		`failed to expand pvc with rpc error: code = Unavailable desc = dial tcp: connection refused`:                                                                                                                  ProvisioningTimeout,
		`it broke`: ProvisioningOther,
	} {
		if got, _ := ParseResize(message); got.Problem != want {
			t.Errorf("%s\nis %s, want %s", message, got.Problem, want)
		}
	}
}

func TestProvisioning(t *testing.T) {
	reported := func(from, why string, problem ProvisioningProblem) parsecheck.Case[Provisioning] {
		return parsecheck.Case[Provisioning]{from, `failed to provision volume with StorageClass "fast": ` + why, Provisioning{Problem: problem, Detail: why}}
	}
	parsecheck.Check(t, ParseProvisioning, []parsecheck.Case[Provisioning]{
		reported("rancher/local-path-provisioner v0.0.32", "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes", ProvisioningAccessMode),
		reported("aws-ebs-csi-driver v1.50", "rpc error: code = InvalidArgument desc = Volume capabilities MULTI_NODE_MULTI_WRITER not supported. Only AccessModes[ReadWriteOnce] supported.", ProvisioningAccessMode),
		reported("CSI specification 1.11", "rpc error: code = ResourceExhausted desc = not enough free capacity", ProvisioningCapacity),
		reported("gcp-pd-csi-driver v1.20", "rpc error: code = ResourceExhausted desc = CreateVolume failed: googleapi: Error 403: Quota 'SSD_TOTAL_GB' exceeded", ProvisioningCapacity),
		reported("aws-ebs-csi-driver v1.50", "rpc error: code = Internal desc = Could not create volume: UnauthorizedOperation: You are not authorized to perform this operation", ProvisioningDenied),
		reported("external-provisioner v5.3, topology.go", "error generating accessibility requirements: no available topology found", ProvisioningTopology),
		reported("CSI specification 1.11", "rpc error: code = InvalidArgument desc = unknown type", ProvisioningParameters),
		reported("gRPC", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", ProvisioningTimeout),
		reported("a driver of one's own", "it broke", ProvisioningOther),
		{"without a class", "failed to provision volume: quota of the cloud is used up", Provisioning{Problem: ProvisioningCapacity, Detail: "quota of the cloud is used up"}},
		{"another event's", `storageclass.storage.k8s.io "fast" not found`, Provisioning{}},
		{"nothing", ``, Provisioning{}},
	})
}
