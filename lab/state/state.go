// Package state keeps what a lab is in its directory: which processes it has,
// where they listen and how far it got. The file lab.json marks a directory
// as a lab's; nothing is ever written to or removed from any other.
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

// Phase is how far a lab got.
type Phase string

// The phases. A lab that is Started has all its parts up and its tree pushed;
// whether Flux has made it Ready is asked of the cluster.
const (
	Starting Phase = "starting"
	Started  Phase = "started"
	Failed   Phase = "failed"
	Stopped  Phase = "stopped"
)

// Part is one process of a lab, or one server inside its supervisor.
type Part struct {
	Name string `json:"name"`
	// Process is the part's own; the supervisor's for a server inside it.
	Process Process `json:"process"`
	// Port is where the part listens on loopback, 0 where it doesn't.
	Port int `json:"port,omitempty"`
	// Ready is how long it took from its start to its first good health.
	Ready time.Duration `json:"ready,omitempty"`
	// Exit says how a part ended that wasn't told to.
	Exit string `json:"exit,omitempty"`
	// Doors are where people and modalities reach it.
	Doors []Door `json:"doors,omitempty"`
	// Idle says why it isn't reached, or not everywhere.
	Idle string `json:"idle,omitempty"`
}

// Lab is the content of lab.json.
type Lab struct {
	Supervisor Process `json:"supervisor"`
	Phase      Phase   `json:"phase"`
	// Error is why the phase is Failed.
	Error string `json:"error,omitempty"`
	// MadeDir says that the lab made its directory, and so removes it.
	MadeDir bool `json:"madeDir"`
	// Source is the lab module's directory, Binaries the parts' programs.
	Source   string `json:"source"`
	Binaries string `json:"binaries"`
	// HealthTimeout is that of the tree (korthweb.Values), 0 for Flux's own.
	HealthTimeout time.Duration `json:"healthTimeout,omitempty"`
	// FirstAddress is the first one the cloud provider gives out.
	FirstAddress string `json:"firstAddress"`
	// MutualTLS says that the tree's Gateways ask for client certificates.
	MutualTLS bool `json:"mutualTLS,omitempty"`
	// Peers are the programs that serve tenants' web and DICOM, nil when these
	// aren't served.
	Peers   *Peers `json:"peers,omitempty"`
	GitURL  string `json:"gitURL,omitempty"`
	HelmURL string `json:"helmURL,omitempty"`
	Parts   []Part `json:"parts,omitempty"`
}

// ErrNoLab is returned by Load for a directory that isn't a lab's.
var ErrNoLab = errors.New("no lab there")

const file = "lab.json"

// CheckFree makes sure that dir isn't there or is empty: a lab goes nowhere
// else.
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

// Create makes dir a lab's directory and writes the first lab.json. It refuses
// a directory that holds anything else, and one that is a lab's already.
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

// Load reads dir's lab.json. The error is ErrNoLab when there is none.
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

// Save replaces dir's lab.json at once, so that a reader sees the old or the
// new one.
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

// Running says whether the lab's supervisor runs.
func (l Lab) Running() bool { return l.Supervisor.Alive() }

// Part finds a part by its name.
func (l Lab) Part(name string) (Part, bool) {
	for _, p := range l.Parts {
		if p.Name == name {
			return p, true
		}
	}
	return Part{}, false
}
