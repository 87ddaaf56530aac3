package plugin

import (
	"bytes"
	"context"
	"io"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// startedReader signals when it is read from.
type startedReader struct {
	io.Reader
	started func()
}

func (r startedReader) Read(into []byte) (int, error) {
	r.started()
	return r.Reader.Read(into)
}

// TestInterruptedStandardInput interrupts a command that waits for standard input that never
// arrives.
func TestInterruptedStandardInput(t *testing.T) {
	for _, command := range []string{"status", "explain"} {
		t.Run(command, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			in, writer := io.Pipe()
			defer writer.Close()
			var out, errOut bytes.Buffer
			streams := genericiooptions.IOStreams{In: startedReader{in, cancel}, Out: &out, ErrOut: &errOut}
			code := Run(ctx, []string{"kubectl-orthweb", command, "--from=-"}, streams)
			if code != ExitInterrupted || out.Len() > 0 || errOut.Len() > 0 {
				t.Errorf("exit status %d, standard output %q, standard error %q; want %d and no output", code, &out, &errOut, ExitInterrupted)
			}
		})
	}
}
