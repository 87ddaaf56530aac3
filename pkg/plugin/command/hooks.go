package command

import "k8s.io/apimachinery/pkg/runtime"

// Hooks connect a command to a caller in the same program that needs more than what the command
// prints. Each of them may be nil.
type Hooks struct {
	// Result receives the command's result, as -o json would print it. If it is called again, the
	// later result replaces the earlier one.
	Result func(runtime.Object)
	// Plan receives what a command will change, also in a dry run, before the first request that
	// changes something. An error ends the command.
	Plan func(runtime.Object) error
}

// Deliver gives the result to the caller. It is not created if no caller needs it.
func (h Hooks) Deliver(create func() (runtime.Object, error)) error {
	if h.Result == nil {
		return nil
	}
	object, err := create()
	if err == nil {
		h.Result(object)
	}
	return err
}

// Announce gives what will be changed to the caller, who can prevent it.
func (h Hooks) Announce(create func() (runtime.Object, error)) error {
	if h.Plan == nil {
		return nil
	}
	object, err := create()
	if err != nil {
		return err
	}
	return h.Plan(object)
}
