package schema

import "k8s.io/apimachinery/pkg/runtime/schema"

type gvk = schema.GroupVersionKind
