package command

import (
	"fmt"

	"github.com/spf13/pflag"
)

// DryRun is --dry-run of commands that change a cluster, with kubectl's values: none, client or
// server. Without a value it is client.
type DryRun string

// The values of DryRun.
const (
	DryRunNone   DryRun = "none"
	DryRunClient DryRun = "client"
	DryRunServer DryRun = "server"
)

// AddTo adds the flag to those of a command.
func (d *DryRun) AddTo(flags *pflag.FlagSet) {
	*d = DryRunNone
	flags.Var(d, "dry-run", "none, client or server: show what would be done, without doing it; with server, the API server also checks each change, without storing it")
	flags.Lookup("dry-run").NoOptDefVal = string(DryRunClient)
}

// Any reports whether nothing must be changed.
func (d *DryRun) Any() bool { return *d != DryRunNone }

// Server reports whether the API server must check the changes.
func (d *DryRun) Server() bool { return *d == DryRunServer }

// String is the value, for pflag.
func (d *DryRun) String() string { return string(*d) }

// Type is the type of the value, for pflag.
func (d *DryRun) Type() string { return "string" }

// Set sets the value, for pflag. The values of a flag without a strategy are accepted, too.
func (d *DryRun) Set(text string) error {
	switch text {
	case string(DryRunNone), string(DryRunClient), string(DryRunServer):
		*d = DryRun(text)
	case "true":
		*d = DryRunClient
	case "false":
		*d = DryRunNone
	default:
		return fmt.Errorf("must be %s, %s or %s", DryRunNone, DryRunClient, DryRunServer)
	}
	return nil
}
