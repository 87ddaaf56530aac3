package diagnose

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// Kinds that workloads need, and that only their explainers use.
var (
	cronJobKind      = schema.GroupKind{Group: "batch", Kind: "CronJob"}
	autoscalerKind   = schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}
	quotaKind        = schema.GroupKind{Kind: "ResourceQuota"}
	nodeKind         = schema.GroupKind{Kind: "Node"}
	claimKind        = schema.GroupKind{Kind: "PersistentVolumeClaim"}
	storageClassKind = schema.GroupKind{Group: "storage.k8s.io", Kind: "StorageClass"}
	volumeKind       = schema.GroupKind{Kind: "PersistentVolume"}
)

// workloadKinds are the kinds that create pods and that people write.
var workloadKinds = []schema.GroupKind{health.DeploymentKind, health.StatefulSetKind, daemonSetKind, jobKind}

// coreRef names an object of the core group.
func coreRef(kind, namespace, name string) finding.Ref {
	return finding.Ref{APIVersion: "v1", Kind: kind, Namespace: namespace, Name: name}
}

// deploymentRef names the Deployment of a ReplicaSet.
func deploymentRef(namespace, name string) finding.Ref {
	return finding.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: name}
}
