package ui

import (
	"context"
	"io"
)

// RunLinear runs the application for screen readers.
func RunLinear(ctx context.Context, services Services, options Options, in io.Reader, out io.Writer) error {
	return nil
}
