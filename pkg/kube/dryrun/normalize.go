package dryrun

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Normalize changes an object as kustomize-controller does before it applies it: objects of
// Kubernetes' own kinds lose unknown fields, ports get their protocol, and stringData becomes
// data. Source: UnstructuredList in github.com/fluxcd/pkg/ssa v0.76.2, normalize/normalize.go.
func Normalize(obj *unstructured.Unstructured) {
	kind := obj.GroupVersionKind()
	// An upstream bug of serialization resets the rules of roles
	// (github.com/fluxcd/kustomize-controller, issue 1041).
	if kind.Group == "rbac.authorization.k8s.io" && (kind.Kind == "Role" || kind.Kind == "ClusterRole") {
		return
	}
	if typed := typedOf(obj); typed != nil {
		setDefaults(typed)
		if content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed); err == nil {
			obj.Object = content
		}
	}
	_ = unstructured.SetNestedField(obj.Object, nil, "metadata", "creationTimestamp")
	if kind.GroupKind() != object.DefinitionKind {
		unstructured.RemoveNestedField(obj.Object, "status")
	}
}

// typedOf is the object as a type of Kubernetes, nil if it is not of such a kind, or does not
// have its structure.
func typedOf(obj *unstructured.Unstructured) runtime.Object {
	typed, err := scheme.Scheme.New(obj.GroupVersionKind())
	if err != nil {
		return nil
	}
	if _, ok := typed.(metav1.Object); !ok {
		return nil
	}
	if runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, typed) != nil {
		return nil
	}
	return typed
}

// setDefaults sets what server-side apply would otherwise compare incorrectly.
func setDefaults(typed runtime.Object) {
	switch o := typed.(type) {
	case *corev1.Pod:
		setProtocols(&o.Spec)
	case *appsv1.Deployment:
		setProtocols(&o.Spec.Template.Spec)
	case *appsv1.StatefulSet:
		setProtocols(&o.Spec.Template.Spec)
	case *appsv1.DaemonSet:
		setProtocols(&o.Spec.Template.Spec)
	case *appsv1.ReplicaSet:
		setProtocols(&o.Spec.Template.Spec)
	case *batchv1.Job:
		setProtocols(&o.Spec.Template.Spec)
	case *batchv1.CronJob:
		setProtocols(&o.Spec.JobTemplate.Spec.Template.Spec)
	case *corev1.Service:
		for i := range o.Spec.Ports {
			if o.Spec.Ports[i].Protocol == "" {
				o.Spec.Ports[i].Protocol = corev1.ProtocolTCP
			}
		}
	case *corev1.Secret:
		for key, value := range o.StringData {
			if o.Data == nil {
				o.Data = map[string][]byte{}
			}
			o.Data[key] = []byte(value)
		}
		o.StringData = nil
	}
}

func setProtocols(spec *corev1.PodSpec) {
	for _, container := range spec.Containers {
		for i := range container.Ports {
			if container.Ports[i].Protocol == "" {
				container.Ports[i].Protocol = corev1.ProtocolTCP
			}
		}
	}
}
