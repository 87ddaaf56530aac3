package main

import "github.com/spf13/cobra"

// newBreak and newMend are what fault inject and fault clear were called.
func newBreak(o *options) *cobra.Command {
	inject := newFaultInject(o)
	inject.Use, inject.Args = "break FAULT", cobra.ExactArgs(1)
	inject.Hidden = true
	return inject
}

func newMend(o *options) *cobra.Command {
	clear := newFaultClear(o)
	clear.Use, clear.Args = "mend", cobra.NoArgs
	clear.Hidden = true
	return clear
}
