package lifecycle

import (
	admissionregistrationv1alpha1 "k8s.io/api/admissionregistration/v1alpha1"
	admissionregistrationv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	appsv1beta1 "k8s.io/api/apps/v1beta1"
	appsv1beta2 "k8s.io/api/apps/v1beta2"
	authenticationv1alpha1 "k8s.io/api/authentication/v1alpha1"
	authenticationv1beta1 "k8s.io/api/authentication/v1beta1"
	authorizationv1beta1 "k8s.io/api/authorization/v1beta1"
	batchv1beta1 "k8s.io/api/batch/v1beta1"
	certificatesv1alpha1 "k8s.io/api/certificates/v1alpha1"
	certificatesv1beta1 "k8s.io/api/certificates/v1beta1"
	coordinationv1alpha2 "k8s.io/api/coordination/v1alpha2"
	coordinationv1beta1 "k8s.io/api/coordination/v1beta1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1beta1 "k8s.io/api/discovery/v1beta1"
	eventsv1beta1 "k8s.io/api/events/v1beta1"
	extensionsv1beta1 "k8s.io/api/extensions/v1beta1"
	flowcontrolv1beta1 "k8s.io/api/flowcontrol/v1beta1"
	flowcontrolv1beta2 "k8s.io/api/flowcontrol/v1beta2"
	flowcontrolv1beta3 "k8s.io/api/flowcontrol/v1beta3"
	networkingv1beta1 "k8s.io/api/networking/v1beta1"
	nodev1beta1 "k8s.io/api/node/v1beta1"
	policyv1beta1 "k8s.io/api/policy/v1beta1"
	rbacv1beta1 "k8s.io/api/rbac/v1beta1"
	resourcev1alpha3 "k8s.io/api/resource/v1alpha3"
	resourcev1beta1 "k8s.io/api/resource/v1beta1"
	resourcev1beta2 "k8s.io/api/resource/v1beta2"
	schedulingv1beta1 "k8s.io/api/scheduling/v1beta1"
	storagev1alpha1 "k8s.io/api/storage/v1alpha1"
	storagev1beta1 "k8s.io/api/storage/v1beta1"
	storagemigrationv1beta1 "k8s.io/api/storagemigration/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// groups are the groups and versions of k8s.io/api whose types have a lifecycle. A test
// compares them with the module.
var groups = []func(*runtime.Scheme) error{
	admissionregistrationv1alpha1.AddToScheme, admissionregistrationv1beta1.AddToScheme, appsv1beta1.AddToScheme, appsv1beta2.AddToScheme,
	authenticationv1alpha1.AddToScheme, authenticationv1beta1.AddToScheme, authorizationv1beta1.AddToScheme, batchv1beta1.AddToScheme,
	certificatesv1alpha1.AddToScheme, certificatesv1beta1.AddToScheme, coordinationv1alpha2.AddToScheme, coordinationv1beta1.AddToScheme,
	corev1.AddToScheme, discoveryv1beta1.AddToScheme, eventsv1beta1.AddToScheme, extensionsv1beta1.AddToScheme,
	flowcontrolv1beta1.AddToScheme, flowcontrolv1beta2.AddToScheme, flowcontrolv1beta3.AddToScheme, networkingv1beta1.AddToScheme,
	nodev1beta1.AddToScheme, policyv1beta1.AddToScheme, rbacv1beta1.AddToScheme, resourcev1alpha3.AddToScheme, resourcev1beta1.AddToScheme,
	resourcev1beta2.AddToScheme, schedulingv1beta1.AddToScheme, storagev1alpha1.AddToScheme, storagev1beta1.AddToScheme, storagemigrationv1beta1.AddToScheme,
}

// rows are the kinds that k8s.io/api v0.36 no longer has, or never had.
var rows = []API{
	{Kind: kind("policy/v1beta1", "PodSecurityPolicy"), Deprecated: "1.21", Removed: "1.25"},
	{Kind: kind("extensions/v1beta1", "PodSecurityPolicy"), Deprecated: "1.11", Removed: "1.16", Replacement: kind("policy/v1beta1", "PodSecurityPolicy")},
	{Kind: kind("autoscaling/v2beta1", "HorizontalPodAutoscaler"), Deprecated: "1.22", Removed: "1.25", Replacement: kind("autoscaling/v2", "HorizontalPodAutoscaler")},
	{Kind: kind("autoscaling/v2beta2", "HorizontalPodAutoscaler"), Deprecated: "1.23", Removed: "1.26", Replacement: kind("autoscaling/v2", "HorizontalPodAutoscaler")},
	{Kind: kind("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"), Deprecated: "1.16", Removed: "1.22", Replacement: kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")},
	{Kind: kind("apiregistration.k8s.io/v1beta1", "APIService"), Deprecated: "1.19", Removed: "1.22", Replacement: kind("apiregistration.k8s.io/v1", "APIService")},
	{Kind: kind("batch/v2alpha1", "CronJob"), Deprecated: "1.8", Removed: "1.21", Replacement: kind("batch/v1", "CronJob")},
	{Kind: kind("settings.k8s.io/v1alpha1", "PodPreset"), Deprecated: "1.20", Removed: "1.20"},
}

// replacements are those that the types of k8s.io/api do not have, or have wrong.
var replacements = map[schema.GroupVersionKind]schema.GroupVersionKind{
	kind("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicy"):          kind("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"),
	kind("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicyBinding"):   kind("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding"),
	kind("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy"):        kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
	kind("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicyBinding"): kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"),
	kind("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy"):         kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
	kind("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicyBinding"):  kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"),
	kind("authentication.k8s.io/v1alpha1", "SelfSubjectReview"):                       kind("authentication.k8s.io/v1", "SelfSubjectReview"),
	kind("authentication.k8s.io/v1beta1", "SelfSubjectReview"):                        kind("authentication.k8s.io/v1", "SelfSubjectReview"),
	kind("certificates.k8s.io/v1alpha1", "ClusterTrustBundle"):                        kind("certificates.k8s.io/v1beta1", "ClusterTrustBundle"),
	kind("coordination.k8s.io/v1alpha2", "LeaseCandidate"):                            kind("coordination.k8s.io/v1beta1", "LeaseCandidate"),
	kind("node.k8s.io/v1beta1", "RuntimeClass"):                                       kind("node.k8s.io/v1", "RuntimeClass"),
	kind("policy/v1beta1", "Eviction"):                                                kind("policy/v1", "Eviction"),
	kind("events.k8s.io/v1beta1", "Event"):                                            kind("events.k8s.io/v1", "Event"),
	kind("networking.k8s.io/v1beta1", "IngressClass"):                                 kind("networking.k8s.io/v1", "IngressClass"),
	kind("networking.k8s.io/v1beta1", "IPAddress"):                                    kind("networking.k8s.io/v1", "IPAddress"),
	kind("networking.k8s.io/v1beta1", "ServiceCIDR"):                                  kind("networking.k8s.io/v1", "ServiceCIDR"),
	kind("resource.k8s.io/v1alpha3", "DeviceTaintRule"):                               kind("resource.k8s.io/v1beta2", "DeviceTaintRule"),
	kind("resource.k8s.io/v1beta1", "DeviceClass"):                                    kind("resource.k8s.io/v1", "DeviceClass"),
	kind("resource.k8s.io/v1beta1", "ResourceClaim"):                                  kind("resource.k8s.io/v1", "ResourceClaim"),
	kind("resource.k8s.io/v1beta1", "ResourceClaimTemplate"):                          kind("resource.k8s.io/v1", "ResourceClaimTemplate"),
	kind("resource.k8s.io/v1beta1", "ResourceSlice"):                                  kind("resource.k8s.io/v1", "ResourceSlice"),
	kind("resource.k8s.io/v1beta2", "DeviceClass"):                                    kind("resource.k8s.io/v1", "DeviceClass"),
	kind("resource.k8s.io/v1beta2", "ResourceClaim"):                                  kind("resource.k8s.io/v1", "ResourceClaim"),
	kind("resource.k8s.io/v1beta2", "ResourceClaimTemplate"):                          kind("resource.k8s.io/v1", "ResourceClaimTemplate"),
	kind("resource.k8s.io/v1beta2", "ResourceSlice"):                                  kind("resource.k8s.io/v1", "ResourceSlice"),
	kind("storage.k8s.io/v1alpha1", "VolumeAttributesClass"):                          kind("storage.k8s.io/v1", "VolumeAttributesClass"),
	kind("storage.k8s.io/v1beta1", "VolumeAttributesClass"):                           kind("storage.k8s.io/v1", "VolumeAttributesClass"),
}

func kind(apiVersion, name string) schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(apiVersion, name)
}

// changed is what an author of manifests must change.
type changed struct {
	group, kind string
	// version is empty for all versions of the group.
	version, text string
}

const selector = "spec.selector is required: use the labels of the template."

// changes are from the guide for migration from deprecated APIs.
var changes = []changed{
	{"extensions", "Deployment", "", selector + " spec.rollbackTo is removed."},
	{"apps", "Deployment", "v1beta1", selector + " spec.rollbackTo is removed."},
	{"apps", "Deployment", "v1beta2", selector},
	{"extensions", "DaemonSet", "", selector + " spec.templateGeneration is removed. The default of spec.updateStrategy.type is RollingUpdate, not OnDelete."},
	{"apps", "DaemonSet", "", selector + " spec.templateGeneration is removed."},
	{"apps", "StatefulSet", "", selector + " The default of spec.updateStrategy.type is RollingUpdate; in apps/v1beta1 it was OnDelete."},
	{"extensions", "ReplicaSet", "", selector},
	{"apps", "ReplicaSet", "", selector},
	{"extensions", "Ingress", "", ingressChanges},
	{"networking.k8s.io", "Ingress", "", ingressChanges},
	{"apiextensions.k8s.io", "CustomResourceDefinition", "", "spec.scope is required. spec.version, spec.validation, spec.subresources and spec.additionalPrinterColumns move into spec.versions. Each version requires a structural schema. JSONPath is renamed to jsonPath. spec.conversion.webhookClientConfig is renamed to spec.conversion.webhook.clientConfig."},
	{"admissionregistration.k8s.io", "MutatingWebhookConfiguration", "v1beta1", webhookChanges},
	{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "v1beta1", webhookChanges},
	{"certificates.k8s.io", "CertificateSigningRequest", "", "spec.signerName and spec.usages are required."},
	{"authorization.k8s.io", "SubjectAccessReview", "", "spec.group is renamed to spec.groups."},
	{"authorization.k8s.io", "LocalSubjectAccessReview", "", "spec.group is renamed to spec.groups."},
	{"policy", "PodDisruptionBudget", "", "An empty spec.selector selects all pods of the namespace, not none."},
	{"policy", "PodSecurityPolicy", "", "Use the labels of Pod Security admission on namespaces, or another admission webhook."},
	{"autoscaling", "HorizontalPodAutoscaler", "v2beta1", "In spec.metrics, targetAverageUtilization becomes target.averageUtilization with target.type Utilization, and targetAverageValue becomes target.averageValue with target.type AverageValue."},
	{"discovery.k8s.io", "EndpointSlice", "", "topology is replaced by nodeName and zone."},
	{"events.k8s.io", "Event", "", "action, reason, reportingController, reportingInstance and eventTime are required. type is Normal or Warning."},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "v1beta1", "spec.limited.assuredConcurrencyShares is renamed to spec.limited.nominalConcurrencyShares."},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "v1beta2", "spec.limited.assuredConcurrencyShares is renamed to spec.limited.nominalConcurrencyShares."},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "v1beta3", "spec.limited.nominalConcurrencyShares is 30 only if it is not set: 0 stays 0."},
	{"", "Endpoints", "", "Use EndpointSlices, and the label kubernetes.io/service-name."},
	{"settings.k8s.io", "PodPreset", "", "Use a mutating admission webhook."},
}

const (
	ingressChanges = "spec.backend is renamed to spec.defaultBackend. serviceName becomes service.name, and servicePort becomes service.port.number or service.port.name. pathType is required for each path: ImplementationSpecific is as before."
	webhookChanges = "sideEffects is required, and None or NoneOnDryRun. admissionReviewVersions is required. The defaults of failurePolicy (Fail), matchPolicy (Equivalent) and timeoutSeconds (10) are different."
)

func changesOf(api API) string {
	for _, c := range changes {
		if c.group == api.Kind.Group && c.kind == api.Kind.Kind && (c.version == "" || c.version == api.Kind.Version) {
			return c.text
		}
	}
	return ""
}
