//go:build tools

package korthweb

// No code of these two modules is compiled: their CRD files are read from disk
// when charts are packaged. The imports keep them in go.mod.
import (
	_ "github.com/cert-manager/cert-manager/pkg/apis/certmanager"
	_ "istio.io/api/label"
)
