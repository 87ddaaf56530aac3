package main

import (
	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/lab/pod"
)

// newInPod is the command through which the supervisor starts Flux's controllers.
func newInPod() *cobra.Command {
	return &cobra.Command{
		Use:                pod.Command + " NAMESPACE PROGRAM [ARG...]",
		Hidden:             true,
		DisableFlagParsing: true,
		Args:               cobra.MinimumNArgs(2),
		RunE:               func(_ *cobra.Command, args []string) error { return pod.Enter(args[0], args[1], args[2:]) },
	}
}

// newInNetwork is the command through which the supervisor starts an Orthanc.
func newInNetwork() *cobra.Command {
	return &cobra.Command{
		Use:                pod.NetworkCommand + " PORT[,PORT...] PROGRAM [ARG...]",
		Hidden:             true,
		DisableFlagParsing: true,
		Args:               cobra.MinimumNArgs(2),
		RunE:               func(_ *cobra.Command, args []string) error { return pod.EnterNetwork(args[0], args[1], args[2:]) },
	}
}

// newRelay is the command that newInNetwork starts.
func newRelay() *cobra.Command {
	return &cobra.Command{
		Use:    pod.RelayCommand + " PORT[,PORT...]",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(_ *cobra.Command, args []string) error { return pod.Relay(args[0]) },
	}
}
