package validate

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/files"
)

// userFiles are the flags and arguments of the files to store besides the test study.
type userFiles struct {
	paths       []string
	concurrency int
	resume      string
	quiet       bool
}

func (f *userFiles) addTo(flags *pflag.FlagSet) {
	flags.IntVar(&f.concurrency, "concurrency", transfer.DefaultConcurrency, "Maximum number of concurrent associations for sending files")
	flags.StringVar(&f.resume, "resume", "", "Record the stored files in this file, and skip those that it already lists")
	flags.BoolVar(&f.quiet, "quiet", false, "Don't show the progress of sending files")
}

// maxAssociations is more than any archive accepts from one sender; the archive has a
// thread for each.
const maxAssociations = 256

func (f *userFiles) validate(flags *pflag.FlagSet) error {
	if f.concurrency < 1 || f.concurrency > maxAssociations {
		return advice.Add(fmt.Errorf("--concurrency must be from 1 to %d, not %d", maxAssociations, f.concurrency), "Remove it for the default, %d.", transfer.DefaultConcurrency)
	}
	for _, name := range []string{"resume", "concurrency", "quiet"} {
		if command.Given(flags, name) && len(f.paths) == 0 {
			return advice.Add(fmt.Errorf("--%s requires files to send", name), "Specify files or directories after the tenant.")
		}
	}
	for _, path := range f.paths {
		if _, err := os.Stat(path); err != nil {
			return advice.Add(fmt.Errorf("finding the files to send: %w", err), "Specify files or directories after the tenant: kubectl orthweb validate TENANT FILE|DIR...")
		}
	}
	return nil
}

// tenantAndFiles accepts a tenant and any number of files and directories.
func tenantAndFiles(_ *cobra.Command, args []string) error {
	if len(args) > 0 && strings.ContainsRune(args[0], os.PathSeparator) {
		return advice.Add(fmt.Errorf("%q is not the name of a tenant", args[0]), "Specify the tenant first, then files and directories.")
	}
	return nil
}

// hook stores the files; nil if there are none.
func (o *options) hook(s check.Subject) *check.Files {
	if len(o.files.paths) == 0 {
		return nil
	}
	limit := 20
	if o.output.Format != command.Table {
		limit = 0
	}
	var progress io.Writer
	if !o.files.quiet {
		progress = o.call.Streams.ErrOut
	}
	var sent transfer.Result
	return &check.Files{
		Size: func(ctx context.Context) (int64, int64) { return transfer.Size(ctx, o.files.paths) },
		Store: func(ctx context.Context, dial func(context.Context) (net.Conn, error)) check.Check {
			var err error
			sent, err = transfer.Files(ctx, transfer.Options{
				Paths: o.files.paths, Dial: dial, Calling: o.aet, Called: o.aec, Concurrency: o.files.concurrency,
				Resume: o.files.resume, Progress: progress, Width: command.Columns(progress),
				Server: fmt.Sprintf("%s at %s:%d with the AE title %s", s.Tenant, s.DICOM.Host, s.DICOM.Port, o.aec),
			})
			return files.Stored(sent, err, limit)
		},
		Found: func(ctx context.Context, own check.Archive, others []check.Archive) check.Check {
			return files.Found(ctx, sent, own, others, limit)
		},
	}
}
