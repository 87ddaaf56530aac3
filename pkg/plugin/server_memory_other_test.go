//go:build !linux

package plugin

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/reliability"
)

// memoryRow is measured on Linux, where the page is written.
func memoryRow(*testing.T) []reliability.Row { return nil }
