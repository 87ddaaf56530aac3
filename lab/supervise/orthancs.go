package supervise

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/digihunch/kubectl-orthweb/lab/korthweb"
	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/peers"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// tenants are the tenants whose web and DICOM are served.
func (s *supervisor) tenants() []string {
	if s.snapshot().Peers == nil {
		return nil
	}
	return korthweb.Tenants()
}

// runOrthancs starts an Orthanc for each tenant and waits until all answer.
func (s *supervisor) runOrthancs(ctx context.Context) error {
	var list []parts.Part
	for _, tenant := range s.tenants() {
		dir := s.cfg.OrthancDir(tenant)
		for _, sub := range []string{"storage", "tmp"} {
			if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
				return fmt.Errorf("creating the directories of an Orthanc: %w", err)
			}
		}
		data, err := peers.OrthancConfiguration(dir)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "orthanc.json"), data, 0o600)
		}
		if err != nil {
			return fmt.Errorf("writing the configuration of an Orthanc: %w", err)
		}
		list = append(list, s.cfg.Orthanc(tenant, s.snapshot().Peers.Orthanc,
			peers.User+":"+peers.Password, peers.HTTPPort, peers.DICOMPort))
	}
	if err := s.run(ctx, list...); err != nil {
		return err
	}
	for _, tenant := range s.tenants() {
		s.updatePart(parts.OrthancName(tenant), func(p *state.Part) {
			p.Endpoints = []state.Endpoint{
				{Protocol: "HTTP", Address: s.cfg.Ports.Addr(parts.OrthancName(tenant))},
				{Protocol: "DICOM", Address: s.cfg.Ports.Addr(parts.DICOMPortName(tenant))},
			}
		})
	}
	return nil
}
