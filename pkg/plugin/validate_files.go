package plugin

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/send"
	"github.com/digihunch/kubectl-orthweb/pkg/validate"
)

// userFiles are what the user wants stored besides the test study.
type userFiles struct {
	paths       []string
	concurrency int
	resume      string
	quiet       bool
}

func (f *userFiles) addTo(flags *pflag.FlagSet) {
	flags.IntVar(&f.concurrency, "concurrency", send.DefaultConcurrency, "Maximum number of associations to send files over at once")
	flags.StringVar(&f.resume, "resume", "", "Note in this file what is stored, and leave out what it says is stored already")
	flags.BoolVar(&f.quiet, "quiet", false, "Show no progress of sending files")
}

// maxAssociations is more than any archive takes of one sender; each has a thread
// there.
const maxAssociations = 256

func (f *userFiles) validate(flags *pflag.FlagSet) error {
	switch {
	case f.concurrency < 1 || f.concurrency > maxAssociations:
		return withHint(fmt.Errorf("--concurrency is from 1 to %d, not %d", maxAssociations, f.concurrency), "Leave it out for %d.", send.DefaultConcurrency)
	}
	for _, name := range []string{"resume", "concurrency", "quiet"} {
		if given(flags, name) && len(f.paths) == 0 {
			return withHint(fmt.Errorf("--%s is for sending files", name), "Name files or directories after the tenant.")
		}
	}
	for _, path := range f.paths {
		if _, err := os.Stat(path); err != nil {
			return withHint(fmt.Errorf("looking for what to send: %w", err), "Name files or directories after the tenant: kubectl orthweb validate TENANT FILE|DIR...")
		}
	}
	return nil
}

// tenantAndFiles takes a tenant and any number of files and directories.
func tenantAndFiles(_ *cobra.Command, args []string) error {
	if len(args) > 0 && strings.ContainsRune(args[0], os.PathSeparator) {
		return withHint(fmt.Errorf("%q is not the name of a tenant", args[0]), "Name the tenant first, then files and directories.")
	}
	return nil
}

// hook is how they are stored; nil when there are none.
func (o *validateOptions) hook(s validate.Subject) *validate.Files {
	if len(o.files.paths) == 0 {
		return nil
	}
	limit := 20
	if o.format != "table" {
		limit = 0
	}
	var progress io.Writer
	if !o.files.quiet {
		progress = o.facts.streams.ErrOut
	}
	var sent send.Result
	return &validate.Files{
		Size: func(ctx context.Context) (int64, int64) { return send.Size(ctx, o.files.paths) },
		Store: func(ctx context.Context, dial func(context.Context) (net.Conn, error)) validate.Check {
			var err error
			sent, err = send.Files(ctx, send.Options{
				Paths: o.files.paths, Dial: dial, Calling: o.aet, Called: o.aec, Concurrency: o.files.concurrency,
				Resume: o.files.resume, Progress: progress,
				Server: fmt.Sprintf("%s at %s:%d with the AE title %s", s.Tenant, s.DICOM.Host, s.DICOM.Port, o.aec),
			})
			return sent.Check(err, limit)
		},
		Found: func(ctx context.Context, own validate.Archive, others []validate.Archive) validate.Check {
			return sent.CheckFound(ctx, own, others, limit)
		},
	}
}
