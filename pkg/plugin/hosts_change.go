package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
)

// hostsChange is what to do to a hosts file. It is all that the step under sudo
// is told.
type hostsChange struct {
	Block   string        `json:"block"`
	Entries []hosts.Entry `json:"entries,omitempty"`
	// KeepNames and KeepTenants are those of hosts.Edit.
	KeepNames   []string `json:"keepNames,omitempty"`
	KeepTenants []string `json:"keepTenants,omitempty"`
	// Only are the tenants that may stay in the block, when there are any.
	Only []string `json:"only,omitempty"`
	// Remove takes tenants out, or the whole block.
	Remove      []string `json:"remove,omitempty"`
	RemoveBlock bool     `json:"removeBlock,omitempty"`
}

// maxChange bounds what the step under sudo reads, in bytes.
const maxChange = 16 << 20

// readChange reads what to change, and trusts nothing of it: it may run as root, for
// anybody whom sudo lets run it.
func readChange(in io.Reader) (c hostsChange, err error) {
	data, err := io.ReadAll(io.LimitReader(in, maxChange+1))
	if err != nil {
		return c, fmt.Errorf("reading what to change: %w", err)
	}
	if len(data) > maxChange {
		return c, errors.New("reading what to change: it is too large")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("reading what to change: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return c, errors.New("reading what to change: there is more than one")
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("reading what to change: %w", err)
	}
	return c, nil
}

// check tells why the change is not one that this program asks for, or nil.
func (c hostsChange) check() error {
	if c.Block == "" {
		return errors.New("it names no block")
	}
	machine, _ := os.Hostname()
	owner := map[string]string{}
	for _, entry := range c.Entries {
		if entry.Tenant == "" {
			return errors.New("an entry names no tenant")
		}
		if err := hosts.CheckAddr(entry.Addr); err != nil {
			return err
		}
		for _, name := range entry.Names {
			if err := hosts.CheckName(name, machine); err != nil {
				return err
			}
			lower := strings.ToLower(name)
			if other, ok := owner[lower]; ok && other != entry.Tenant {
				return fmt.Errorf("the name %q is of two tenants, %q and %q", name, other, entry.Tenant)
			}
			owner[lower] = entry.Tenant
		}
	}
	return nil
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
	return file.Apply(c.Block, hosts.Edit{
		Entries: c.Entries, Remove: append(slices.Clone(c.Remove), c.leftOver(file)...),
		KeepNames: c.KeepNames, KeepTenants: c.KeepTenants,
	})
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

// applyChange changes the file at the path as standard input says, if both are what
// this program asks for: the path has to be that of a hosts file.
func applyChange(ctx context.Context, in io.Reader, path string) (hosts.Result, hosts.Report, error) {
	if !filepath.IsAbs(path) {
		return hosts.Result{}, hosts.Report{}, fmt.Errorf("--hosts-file %q is no absolute path", path)
	}
	change, err := readChange(in)
	if err != nil {
		return hosts.Result{}, hosts.Report{}, err
	}
	var report hosts.Report
	result, err := hosts.Update(ctx, path, func(before []byte) (after []byte, err error) {
		if err := hosts.CheckFile(before); err != nil {
			return nil, fmt.Errorf("writing to %s: %w", path, err)
		}
		after, report, err = change.apply(before)
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
