package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// Act is one thing that an operator's hand does; one of its fields is set.
type Act struct {
	// Delete deletes objects, and Apply applies a manifest as somebody who
	// isn't Flux.
	Delete *cluster.Objects `json:"delete,omitempty"`
	Apply  string           `json:"apply,omitempty"`
	// Patch merges Merge into objects.
	Patch *cluster.Objects `json:"patch,omitempty"`
	Merge map[string]any   `json:"merge,omitempty"`
	// Reconcile asks Flux to look at objects now; Force makes helm-controller
	// upgrade though nothing changed.
	Reconcile *cluster.Objects `json:"reconcile,omitempty"`
	Force     bool             `json:"force,omitempty"`
	// Await waits until something shows.
	Await *Sign `json:"await,omitempty"`
	// On and Off turn a switch of the lab (see the package switches).
	On  string `json:"turnOn,omitempty"`
	Off string `json:"turnOff,omitempty"`
	// Pause stops a part of the lab, Resume lets it go on.
	Pause  string `json:"pause,omitempty"`
	Resume string `json:"resume,omitempty"`
}

// Lab is what acts are done to.
type Lab interface {
	// Objects is the cluster's API.
	Objects() *cluster.Cluster
	// Commit is that of the tree's branch.
	Commit() (string, error)
	// Turn turns a switch, and Pause stops a part or lets it go on.
	Turn(name string, on bool) error
	Pause(part string, on bool) error
}

// Do does the acts in turn.
func Do(ctx context.Context, lab Lab, acts []Act) error {
	for _, a := range acts {
		if err := a.do(ctx, lab); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return nil
}

// check says what is wrong with an act that can't be done as it is written.
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

var errNothing = errors.New("it says nothing to do")

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

// String is the act as the catalogue writes it, on one line.
func (a Act) String() string {
	text, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
