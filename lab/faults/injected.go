package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const injectedFile = "faults.json"

// Injected returns the faults that the lab in dir has.
func Injected(dir string) ([]Fault, error) {
	data, err := os.ReadFile(filepath.Join(dir, injectedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading which faults the lab has: %w", err)
	}
	var ids []string
	if err := json.Unmarshal(data, &ids); err != nil {
		return nil, fmt.Errorf("reading which faults the lab has: %w", err)
	}
	return Find(ids...)
}

// SetInjected records which faults the lab in dir has.
func SetInjected(dir string, list []Fault) error {
	ids := []string{}
	for _, f := range list {
		ids = append(ids, f.ID)
	}
	data, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, injectedFile), data, 0o600); err != nil {
		return fmt.Errorf("writing down which faults the lab has: %w", err)
	}
	return nil
}
