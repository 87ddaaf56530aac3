// Package state stores the state of a lab in its directory: its processes, their ports and its
// phase. The file lab.json marks a directory as a lab's; the lab never writes to or removes
// from any other.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Phase is the progress of a lab.
type Phase string

// These are the phases. In phase Started, all parts are healthy and the tree is pushed; the
// cluster shows whether Flux has made it Ready.
const (
	Starting Phase = "starting"
	Started  Phase = "started"
	Failed   Phase = "failed"
	Stopped  Phase = "stopped"
)

// Part is one process of a lab, or one server in its supervisor.
type Part struct {
	Name string `json:"name"`
	// Process is the part's own process, or the supervisor's for a server in it.
	Process Process `json:"process"`
	// Port is the part's loopback port, 0 if it doesn't listen.
	Port int `json:"port,omitempty"`
	// Ready is the time from its start to its first successful health check.
	Ready time.Duration `json:"ready,omitempty"`
	// Exit describes how a part ended unexpectedly.
	Exit string `json:"exit,omitempty"`
	// Endpoints are the endpoints for users and modalities.
	Endpoints []Endpoint `json:"endpoints,omitempty"`
	// Idle is the reason why it can't be reached, or not at all endpoints.
	Idle string `json:"idle,omitempty"`
}

// Lab is the content of lab.json.
type Lab struct {
	Supervisor Process `json:"supervisor"`
	Phase      Phase   `json:"phase"`
	// Error is the reason for the phase Failed.
	Error string `json:"error,omitempty"`
	// MadeDir reports whether the lab created its directory, and so removes it.
	MadeDir bool `json:"madeDir"`
	// Source is the lab module's directory, Binaries the parts' programs.
	Source   string `json:"source"`
	Binaries string `json:"binaries"`
	// HealthTimeout is that of the tree (korthweb.Values), 0 for Flux's own.
	HealthTimeout time.Duration `json:"healthTimeout,omitempty"`
	// FirstAddress is the first address that the cloud provider assigns.
	FirstAddress string `json:"firstAddress"`
	// MutualTLS reports whether the tree's Gateways request client certificates.
	MutualTLS bool `json:"mutualTLS,omitempty"`
	// Peers are the programs that serve tenants' web and DICOM, nil if these aren't served.
	Peers   *Peers `json:"peers,omitempty"`
	GitURL  string `json:"gitURL,omitempty"`
	HelmURL string `json:"helmURL,omitempty"`
	Parts   []Part `json:"parts,omitempty"`
}

// ErrNoLab is returned by Load for a directory that isn't a lab's.
var ErrNoLab = errors.New("no lab there")

const file = "lab.json"

// CheckFree returns an error unless dir doesn't exist or is empty: a lab uses no other
// directory.
func CheckFree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking into the lab's directory: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty and was not created by a lab (it contains %s): choose another --dir", dir, entries[0].Name())
	}
	return nil
}

// Create creates a lab's directory dir and writes the first lab.json. It returns an error for a
// directory that contains other files, or already contains a lab.
func Create(dir string, lab Lab) error {
	if err := CheckFree(dir); err != nil {
		return err
	}
	err := os.Mkdir(dir, 0o700)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = os.MkdirAll(dir, 0o700)
		lab.MadeDir = true
	case err == nil:
		lab.MadeDir = true
	case errors.Is(err, fs.ErrExist):
		err = nil
	}
	if err != nil {
		return fmt.Errorf("creating the lab's directory: %w", err)
	}
	return Save(dir, lab)
}

// Load reads dir's lab.json. It returns ErrNoLab if there is none.
func Load(dir string) (Lab, error) {
	var lab Lab
	data, err := os.ReadFile(filepath.Join(dir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return lab, fmt.Errorf("%s: %w (orthweb-lab up starts one)", dir, ErrNoLab)
	}
	if err != nil {
		return lab, fmt.Errorf("reading the lab's state: %w", err)
	}
	if err := json.Unmarshal(data, &lab); err != nil {
		return lab, fmt.Errorf("%s isn't a lab's state: %w", filepath.Join(dir, file), err)
	}
	return lab, nil
}

// Save replaces dir's lab.json atomically: a reader sees the old or the new one.
func Save(dir string, lab Lab) error {
	data, err := json.MarshalIndent(lab, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the lab's state: %w", err)
	}
	path := filepath.Join(dir, file)
	next := path + ".next"
	if err := os.WriteFile(next, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the lab's state: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("replacing the lab's state: %w", err)
	}
	return nil
}

// Running reports whether the lab's supervisor runs.
func (l Lab) Running() bool { return l.Supervisor.Alive() }

// Part returns the part with the name.
func (l Lab) Part(name string) (Part, bool) {
	for _, p := range l.Parts {
		if p.Name == name {
			return p, true
		}
	}
	return Part{}, false
}
