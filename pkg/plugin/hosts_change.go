package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
)

// hostsChange is what to do to a hosts file. It is all that the step under sudo
// is told.
type hostsChange struct {
	Block   string        `json:"block"`
	Entries []hosts.Entry `json:"entries,omitempty"`
	// Only are the tenants that may stay in the block, when there are any.
	Only []string `json:"only,omitempty"`
	// Remove takes tenants out, or the whole block.
	Remove      []string `json:"remove,omitempty"`
	RemoveBlock bool     `json:"removeBlock,omitempty"`
}

// maxChange bounds what the step under sudo reads, in bytes.
const maxChange = 16 << 20

func readChange(in io.Reader) (c hostsChange, err error) {
	data, err := io.ReadAll(io.LimitReader(in, maxChange+1))
	if err != nil {
		return c, fmt.Errorf("reading what to change: %w", err)
	}
	if len(data) > maxChange {
		return c, errors.New("reading what to change: it is too large")
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("reading what to change: %w", err)
	}
	if c.Block == "" {
		return c, errors.New("reading what to change: it names no block")
	}
	return c, nil
}

// apply gives the file as it is to be.
func (c hostsChange) apply(before []byte) ([]byte, hosts.Report, error) {
	file, err := hosts.Parse(before)
	if err != nil {
		return nil, hosts.Report{}, err
	}
	if c.RemoveBlock {
		after, report := file.Remove(c.Block)
		return after, report, nil
	}
	gone := append(slices.Clone(c.Remove), c.leftOver(file)...)
	if len(gone) == 0 {
		return file.Merge(c.Block, c.Entries)
	}
	after, removed := file.Remove(c.Block, gone...)
	if file, err = hosts.Parse(after); err != nil {
		return nil, hosts.Report{}, err
	}
	after, report, err := file.Merge(c.Block, c.Entries)
	report.Removed = append(removed.Removed, report.Removed...)
	return after, report, err
}

// leftOver are the tenants of the block that are none of the cluster's.
func (c hostsChange) leftOver(file *hosts.File) []string {
	var gone []string
	for _, block := range file.Blocks() {
		if block.ID != c.Block || len(c.Only) == 0 {
			continue
		}
		for _, tenant := range block.Tenants() {
			if !slices.Contains(c.Only, tenant) {
				gone = append(gone, tenant)
			}
		}
	}
	return gone
}

// write changes the file at the path.
func (c hostsChange) write(ctx context.Context, path string) (hosts.Result, hosts.Report, error) {
	var report hosts.Report
	result, err := hosts.Update(ctx, path, func(before []byte) (after []byte, err error) {
		after, report, err = c.apply(before)
		return after, err
	})
	return result, report, err
}

// sayChange is the summary of what was written.
func sayChange(out io.Writer, result hosts.Result, report hosts.Report) {
	if result.Mended {
		escape.Fprintf(out, "%s was only half written by a program that was killed; what it had before was put back first.\n", result.Path)
	}
	for _, l := range report.Removed {
		escape.Fprintf(out, "  - %s  %s\n", l.Addr, l.Name)
	}
	for _, l := range report.Changed {
		escape.Fprintf(out, "  ~ %s  %s (was %s)\n", l.Addr, l.Name, l.Was)
	}
	for _, l := range report.Added {
		escape.Fprintf(out, "  + %s  %s\n", l.Addr, l.Name)
	}
	for _, p := range report.Present {
		escape.Fprintf(out, "  = %s  %s (line %d has it already)\n", p.Addr, p.Name, p.At)
	}
	if !result.Changed {
		escape.Fprintf(out, "%s is up to date.\n", result.Path)
		return
	}
	escape.Fprintf(out, "%s: %s added, %d changed, %d removed. What it was before is in %s.\n",
		result.Path, plural(len(report.Added), "name"), len(report.Changed), len(report.Removed), result.Backup)
}
