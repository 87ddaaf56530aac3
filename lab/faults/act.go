package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// Act is one step of a manual change; one of its fields is set.
type Act struct {
	// Delete deletes objects, and Apply applies a manifest with another field manager
	// than Flux.
	Delete *cluster.Objects `json:"delete,omitempty"`
	Apply  string           `json:"apply,omitempty"`
	// Patch merges Merge into objects.
	Patch *cluster.Objects `json:"patch,omitempty"`
	Merge map[string]any   `json:"merge,omitempty"`
	// Reconcile makes Flux reconcile objects now; Force makes helm-controller upgrade
	// although nothing changed.
	Reconcile *cluster.Objects `json:"reconcile,omitempty"`
	Force     bool             `json:"force,omitempty"`
	// Await waits for a sign.
	Await *Sign `json:"await,omitempty"`
	// On and Off turn a switch of the lab on or off (see the package switches).
	On  string `json:"turnOn,omitempty"`
	Off string `json:"turnOff,omitempty"`
	// Pause stops a part of the lab, Resume continues it.
	Pause  string `json:"pause,omitempty"`
	Resume string `json:"resume,omitempty"`
}

// Lab is the lab that an Act changes.
type Lab interface {
	// Objects is a client of the cluster's API.
	Objects() *cluster.Cluster
	// Commit returns the commit of the tree's branch.
	Commit() (string, error)
	// Turn sets a switch, and Pause stops or continues a part.
	Turn(name string, on bool) error
	Pause(part string, on bool) error
}

// Do performs the acts in order.
func Do(ctx context.Context, lab Lab, acts []Act) error {
	for _, a := range acts {
		if err := a.do(ctx, lab); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return nil
}

// check returns an error for an act that can't be performed.
func (a Act) check() error {
	if a.Patch != nil && len(a.Merge) == 0 {
		return fmt.Errorf("it patches nothing")
	}
	if a.Apply != "" {
		objs, err := cluster.Parse([]byte(a.Apply))
		if err != nil || len(objs) == 0 {
			return fmt.Errorf("it applies no objects: %w", err)
		}
	}
	if a.Await != nil {
		_, err := a.Await.compile()
		return err
	}
	if a.Delete == nil && a.Apply == "" && a.Patch == nil && a.Reconcile == nil && a.On+a.Off+a.Pause+a.Resume == "" {
		return errNothing
	}
	return nil
}

var errNothing = errors.New("it contains no action")

func (a Act) do(ctx context.Context, lab Lab) error {
	switch c := lab.Objects(); {
	case a.Delete != nil:
		return c.Delete(ctx, *a.Delete)
	case a.Apply != "":
		objs, err := cluster.Parse([]byte(a.Apply))
		if err != nil {
			return err
		}
		return c.Apply(ctx, "kubectl", objs)
	case a.Patch != nil:
		patch, err := json.Marshal(a.Merge)
		if err != nil {
			return err
		}
		return c.Patch(ctx, *a.Patch, patch)
	case a.Reconcile != nil:
		return c.Request(ctx, *a.Reconcile, a.Force)
	case a.Await != nil:
		return wait(ctx, lab, *a.Await)
	case a.On != "" || a.Off != "":
		return lab.Turn(a.On+a.Off, a.On != "")
	case a.Pause != "" || a.Resume != "":
		return lab.Pause(a.Pause+a.Resume, a.Pause != "")
	}
	return errNothing
}

// String is the act on one line, in the form of the catalogue.
func (a Act) String() string {
	text, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
