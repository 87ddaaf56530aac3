//go:build !unix

package command

import (
	"context"
	"os"
)

// Resizes has no values: there is no signal for a change of the terminal's size.
func Resizes(context.Context) <-chan os.Signal { return nil }
