package kubelet

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Provisioning is why a storage driver did not create a volume for a claim.
type Provisioning struct {
	Problem ProvisioningProblem
	Detail  string
}

// ProvisioningProblem is why a volume was not created.
type ProvisioningProblem string

// The problems a Provisioning has.
const (
	ProvisioningAccessMode ProvisioningProblem = "AccessMode" // the driver does not support the claim's
	ProvisioningCapacity   ProvisioningProblem = "Capacity"   // the storage is full, or a quota of it
	ProvisioningDenied     ProvisioningProblem = "Denied"     // the storage refuses the driver's credentials
	ProvisioningTopology   ProvisioningProblem = "Topology"   // no node where volumes can be created
	ProvisioningParameters ProvisioningProblem = "Parameters" // those of the class are invalid
	ProvisioningTimeout    ProvisioningProblem = "Timeout"    // the storage does not answer
	ProvisioningOther      ProvisioningProblem = "Other"
)

// driverWordings are gRPC's codes (google.golang.org/grpc v1.76, codes) as drivers use them
// by the CSI specification 1.11 (CreateVolume), and messages of the drivers, the more
// specific first.
var driverWordings = []struct {
	problem ProvisioningProblem
	words   []string
}{
	// rancher/local-path-provisioner v0.0.32; aws-ebs-csi-driver v1.50;
	// gcp-pd-csi-driver v1.20: "volume capabilities not supported".
	{ProvisioningAccessMode, []string{"access mode", "accessmode", "volume capabilities not supported", "volumecapabilities is invalid", "multi_node"}},
	{ProvisioningDenied, []string{"code = unauthenticated", "code = permissiondenied", "unauthorizedoperation", "authfailure", "accessdenied", "not authorized to perform", "forbidden", "invalid credentials"}},
	{ProvisioningCapacity, []string{"code = resourceexhausted", "quota", "limitexceeded", "limit exceeded", "insufficient capacity", "not enough free", "no space left", "insufficient free space"}},
	// kubernetes-csi/external-provisioner v5.3, pkg/controller/topology.go.
	{ProvisioningTopology, []string{"accessibility requirements", "topology"}},
	{ProvisioningParameters, []string{"code = invalidargument", "invalid parameter", "unknown parameter", "invalid option"}},
	{ProvisioningTimeout, []string{"code = deadlineexceeded", "deadline exceeded", "code = unavailable", "connection refused", "i/o timeout", "no such host"}},
}

// ParseProvisioning parses the message of a ProvisioningFailed event
// (sigs.k8s.io/sig-storage-lib-external-provisioner v11, controller.go).
func ParseProvisioning(message string) (Provisioning, bool) {
	text := strings.TrimSpace(match.Bound(message))
	rest, ok := strings.CutPrefix(text, "failed to provision volume with StorageClass ")
	if !ok {
		rest, ok = strings.CutPrefix(text, "failed to provision volume")
	}
	if !ok {
		return Provisioning{}, false
	}
	_, why, _ := strings.Cut(rest, ": ")
	return Provisioning{Problem: driverProblem(why), Detail: match.Detail(why)}, true
}

// ParseResize parses why a storage driver did not expand a volume, from a VolumeResizeFailed
// event or a claim's ControllerResizeError condition (kubernetes-csi/external-resizer v1.14,
// pkg/controller). A limit of how often volumes may change (Amazon EBS:
// VolumeModificationRateExceeded) is not a limit of capacity. It is false if the message
// names no problem.
func ParseResize(message string) (Provisioning, bool) {
	text := match.Bound(message)
	found := Provisioning{Problem: driverProblem(text), Detail: match.Detail(text)}
	switch lower := strings.ToLower(text); {
	case match.ContainsAny(lower, "modificationrate", "modification rate"):
		found.Problem = ProvisioningTimeout
	case match.ContainsAny(lower, "code = outofrange"):
		found.Problem = ProvisioningCapacity
	}
	return found, found.Problem != ProvisioningOther
}

// driverProblem is the problem that a driver reports.
func driverProblem(why string) ProvisioningProblem {
	lower := strings.ToLower(why)
	for _, known := range driverWordings {
		if match.ContainsAny(lower, known.words...) {
			return known.problem
		}
	}
	return ProvisioningOther
}
