//go:build tools

package korthweb

// No code of these two modules is compiled: packaging of charts reads their CRD files from
// disk. The imports keep them in go.mod.
import (
	_ "github.com/cert-manager/cert-manager/pkg/apis/certmanager"
	_ "istio.io/api/label"
)
