package diagnose

import "k8s.io/apimachinery/pkg/runtime/schema"

// Kinds that only ACME certificates use.
var (
	orderKind     = schema.GroupKind{Group: "acme.cert-manager.io", Kind: "Order"}
	challengeKind = schema.GroupKind{Group: "acme.cert-manager.io", Kind: "Challenge"}
)
