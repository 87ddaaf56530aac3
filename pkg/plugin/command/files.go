package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/atomicfile"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
)

// Vacant rejects a file that exists, unless it may be replaced. It accepts an empty name.
func Vacant(file string, force bool) error {
	if file == "" || force {
		return nil
	}
	return WhenTaken(atomicfile.Vacant(file))
}

// WhenTaken adds a hint to the error of a file that already exists.
func WhenTaken(err error) error {
	var taken *atomicfile.ExistsError
	if errors.As(err, &taken) {
		return advice.Add(err, "Choose another name, or add --force to replace it.")
	}
	return err
}

// SaveSnapshot writes a snapshot to a file, readable by its owner only. Unless force is set, it
// replaces no file.
func SaveSnapshot(path string, force bool, snap *snapshot.Snapshot) error {
	err := atomicfile.Create(force, atomicfile.File{Path: path, Mode: 0o600, Write: func(w io.Writer) error {
		return file.Write(w, snap)
	}})
	if err != nil {
		return WhenTaken(fmt.Errorf("saving the snapshot: %w", err))
	}
	return nil
}
