package main

import (
	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/lab/pod"
)

// newInPod is what the supervisor starts Flux's controllers through.
func newInPod() *cobra.Command {
	return &cobra.Command{
		Use:                pod.Command + " NAMESPACE PROGRAM [ARG...]",
		Hidden:             true,
		DisableFlagParsing: true,
		Args:               cobra.MinimumNArgs(2),
		RunE:               func(_ *cobra.Command, args []string) error { return pod.Enter(args[0], args[1], args[2:]) },
	}
}
