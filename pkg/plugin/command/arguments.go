package command

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

// OneTenantAtMost rejects more than one argument.
func OneTenantAtMost(cmd *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return advice.Add(fmt.Errorf("%s takes one TENANT, not %d arguments", cmd.CommandPath(), len(args)),
		"See '%s --help' for usage.", cmd.CommandPath())
}

// Given reports whether the user set a flag, other than as --flag=false.
func Given(flags *pflag.FlagSet, name string) bool {
	flag := flags.Lookup(name)
	if flag == nil || !flag.Changed {
		return false
	}
	if run, ok := flag.Value.(*DryRun); ok {
		return run.Any()
	}
	return flag.Value.String() != "false"
}

// SomeTenant requires the names of tenants: no command changes all tenants.
func SomeTenant(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return advice.Add(fmt.Errorf("%s requires the names of tenants", cmd.CommandPath()), "List the tenants: kubectl orthweb status")
}

// NoArguments rejects arguments that are not commands, as kubectl does.
func NoArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return advice.Add(fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath()),
		"See '%s --help' for available commands.", cmd.CommandPath())
}

// OneFile requires exactly one argument.
func OneFile(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return advice.Add(fmt.Errorf("%s takes one FILE, not %d arguments", cmd.CommandPath(), len(args)),
		"See '%s --help' for usage.", cmd.CommandPath())
}
