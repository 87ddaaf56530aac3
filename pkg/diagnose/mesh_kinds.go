package diagnose

import "k8s.io/apimachinery/pkg/runtime/schema"

// Kinds that only ingress and the webhooks of the API server use.
var (
	endpointSliceKind     = schema.GroupKind{Group: "discovery.k8s.io", Kind: "EndpointSlice"}
	serviceEntryKind      = schema.GroupKind{Group: "networking.istio.io", Kind: "ServiceEntry"}
	validatingWebhookKind = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}
	mutatingWebhookKind   = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}
	apiServiceKind        = schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}
	definitionKind        = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
)

var webhookKinds = []schema.GroupKind{validatingWebhookKind, mutatingWebhookKind}
